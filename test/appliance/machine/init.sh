#!/bin/sh
# What a machine's first process does before it becomes systemd: the duties of a boot loader, an initramfs and a network
# set-up. Run from the exchange folder; everything of the tests is under /run, so the machine's disk stays plain Debian.
# `settings` tells: clock, var.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exchange=/run/exchange
clock='' var=''
# shellcheck source=/dev/null
. $exchange/settings

mount -t proc proc /proc
mount -t hostfs -o /usr/lib/uml/modules none /usr/lib/modules || echo "machine-init: no kernel modules"
# Part of the kernel itself on an ordinary Debian.
modprobe ipv6
[ -z "$clock" ] || date -s "$clock" >/dev/null

if [ "$var" = memory ]; then
  mount -t tmpfs -o mode=755 var /mnt && cp -a /var/. /mnt && mount --move /mnt /var
fi

# Addresses are the machine's alone in its network: nobody has to be asked.
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
for link in /proc/sys/net/ipv6/conf/vec*/accept_dad; do echo 0 >"$link"; done
ip -force -batch $exchange/network

mkdir -p /run/systemd
cp -a $exchange/units /run/systemd/system
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb /lib/systemd/systemd
