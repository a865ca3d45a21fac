#!/bin/sh
# Before files go: what was set is undone, as nobody could undo it afterwards. An upgrade leaves it as it is.
set -eu

case $1 in
  remove)
    [ ! -d /run/systemd/system ] || deb-systemd-invoke stop fairlead-realserver.service >/dev/null || true
    fairlead-realserver unset >/dev/null ||
      echo "fairlead-realserver: something may be left of what was set; see above" >&2
    ;;
  upgrade | failed-upgrade | deconfigure) ;;
  *)
    echo "prerm: unknown argument $1" >&2
    exit 1
    ;;
esac
