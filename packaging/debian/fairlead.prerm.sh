#!/bin/sh
# Before files go. An upgrade stops nothing. A removal hands the virtual addresses to the peer, ends all processes, and takes
# out of the kernel what would otherwise go on forwarding with nobody to look after it.
set -eu

stop_units() {
  [ -d /run/systemd/system ] || return 0
  # The console first, as nobody should give orders now; the target then hands over and ends the rest.
  for unit in fairlead-webui.service fairlead.target fairlead.service fairlead-heartbeat.service; do
    deb-systemd-invoke stop "$unit" >/dev/null || true
  done
}

# Packet programs, pinned tables, lease, virtual addresses.
withdraw() {
  fairlead withdraw >/dev/null ||
    echo "fairlead: something may be left in the kernel until the next boot; see above" >&2
}

case $1 in
  remove)
    stop_units
    withdraw
    ;;
  upgrade | failed-upgrade | deconfigure) ;;
  *)
    echo "prerm: unknown argument $1" >&2
    exit 1
    ;;
esac
