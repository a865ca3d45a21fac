#!/bin/sh
# After files went: systemd is told; a purge forgets the settings.
set -eu

helper() {
  ! command -v deb-systemd-helper >/dev/null || deb-systemd-helper "$1" fairlead-realserver.service >/dev/null || true
}

[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || true

case $1 in
  remove) helper mask ;;
  purge)
    helper purge
    helper unmask
    rm -rf /etc/fairlead-realserver.conf /var/lib/fairlead-realserver
    ;;
  upgrade | failed-upgrade | abort-install | abort-upgrade | disappear) ;;
  *)
    echo "postrm: unknown argument $1" >&2
    exit 1
    ;;
esac
