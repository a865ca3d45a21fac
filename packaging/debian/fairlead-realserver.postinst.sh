#!/bin/sh
# After unpacking: the unit is enabled, and does nothing until something is set.
set -eu

unit=fairlead-realserver.service

case $1 in
  configure)
    deb-systemd-helper unmask "$unit" >/dev/null || true
    if deb-systemd-helper --quiet was-enabled "$unit"; then
      deb-systemd-helper enable "$unit" >/dev/null || true
    else
      deb-systemd-helper update-state "$unit" >/dev/null || true
    fi
    [ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || true
    ;;
  abort-upgrade | abort-remove | abort-deconfigure) ;;
  *)
    echo "postinst: unknown argument $1" >&2
    exit 1
    ;;
esac
