#!/bin/sh
# After unpacking: users, folders, units. Starts nothing that is not running already: what is not configured stays inert.
# An upgrade restarts the supervisor and the console. Packets go on meanwhile, by what is in the kernel; the heartbeat, which
# holds the virtual addresses, is restarted only where nobody depends on it.
set -eu

make_users() {
  systemd-sysusers fairlead.conf
}

make_folders() {
  # As the units have them: systemd would take a folder with another owner as a reason to change all that is below.
  install -d -m 0711 -o root -g fairlead /var/lib/fairlead
  install -d -m 0700 -o fairlead-web -g fairlead-web /var/lib/fairlead/console
  install -d -m 0700 -o root -g root /var/lib/fairlead/backups
  rm -rf /var/cache/fairlead # compiled code of the former version
  install -d -m 0711 -o root -g fairlead /var/cache/fairlead
  install -d -m 0700 -o fairlead-web -g fairlead-web /var/cache/fairlead/console
}

# The target is what a boot starts; it wants the rest.
enable_target() {
  deb-systemd-helper unmask fairlead.target >/dev/null || true
  # An administrator's "systemctl disable" outlives upgrades.
  if deb-systemd-helper --quiet was-enabled fairlead.target; then
    deb-systemd-helper enable fairlead.target >/dev/null || true
  else
    deb-systemd-helper update-state fairlead.target >/dev/null || true
  fi
}

# active, standby, single, or nothing where no director answers.
role() {
  timeout 10 fairlead status --json 2>/dev/null | /usr/lib/fairlead/bin/node -e '
    const status = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(status.ha === undefined ? "single" : status.role);' 2>/dev/null || true
}

restart() {
  ! systemctl --quiet is-active "$1" || deb-systemd-invoke restart "$1" >/dev/null ||
    echo "fairlead: $1 did not come back; see: journalctl -u $1" >&2
}

restart_heartbeat() {
  systemctl --quiet is-active fairlead-heartbeat.service || return 0
  case $(role) in
    standby | single) restart fairlead-heartbeat.service ;;
    *)
      echo "fairlead: the heartbeat still runs the former version, as this director is active or did not answer." >&2
      echo "fairlead: when it suits you: fairlead switchover && systemctl restart fairlead-heartbeat" >&2
      ;;
  esac
}

case $1 in
  configure)
    make_users
    make_folders
    enable_target
    if [ -d /run/systemd/system ]; then
      systemctl --system daemon-reload >/dev/null || true
      if [ -n "${2:-}" ]; then
        restart fairlead.service
        restart fairlead-webui.service
        restart_heartbeat
      fi
    fi
    ;;
  abort-upgrade | abort-remove | abort-deconfigure) ;;
  *)
    echo "postinst: unknown argument $1" >&2
    exit 1
    ;;
esac
