#!/bin/sh
# After files went. A removal keeps configuration and state; a purge leaves nothing: configuration, state, backups, users.
set -eu

helper() {
  ! command -v deb-systemd-helper >/dev/null || deb-systemd-helper "$1" fairlead.target >/dev/null || true
}

remove_users() {
  if getent passwd fairlead-web >/dev/null; then userdel fairlead-web || true; fi
  for group in fairlead-web fairlead; do
    if getent group "$group" >/dev/null; then groupdel "$group" || true; fi
  done
}

[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || true

case $1 in
  remove)
    # Until it is installed again or purged, nothing starts by a link that was left.
    helper mask
    rm -rf /var/cache/fairlead /run/fairlead
    ;;
  purge)
    helper purge
    helper unmask
    rm -rf /etc/fairlead /var/lib/fairlead /var/cache/fairlead /run/fairlead
    rm -f /etc/sysctl.d/60-fairlead.conf # forwarding, as "fairlead setup" switched it on
    remove_users
    ;;
  upgrade | failed-upgrade | abort-install | abort-upgrade | disappear) ;;
  *)
    echo "postrm: unknown argument $1" >&2
    exit 1
    ;;
esac
