#!/bin/sh
# The command fairlead: always with the runtime of this package, whatever Node the system has or the environment speaks to.
unset NODE_OPTIONS NODE_PATH
# What root has run starts quicker the next time; others do without. A unit may name another place.
if [ -z "${NODE_COMPILE_CACHE:-}" ] && [ -w /var/cache/fairlead ]; then
  NODE_COMPILE_CACHE=/var/cache/fairlead
  export NODE_COMPILE_CACHE
fi
exec /usr/lib/fairlead/bin/node /usr/lib/fairlead/director/cli/main.ts "$@"
