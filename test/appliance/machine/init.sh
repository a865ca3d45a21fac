#!/bin/sh
# What a machine's first process does before it becomes systemd: the duties of a boot loader, an initramfs and a network
# set-up. Run from the exchange folder; everything of the tests is under /run, so the machine's disk stays plain Debian.
# `settings` tells: network, clock, var, hidden.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exchange=/run/exchange
network='' clock='' var=''
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
for link in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 >"$link"; done
[ -z "$network" ] || ip -force -batch $exchange/network

units=/run/systemd/system
mkdir -p $units/sysinit.target.wants
cp $exchange/machine-agent.service $units/
ln -s ../machine-agent.service $units/sysinit.target.wants/
# Slow here, as each process costs 20 ms, and of no use to anybody in a test.
for unit in modprobe@configfs modprobe@dm_mod modprobe@drm modprobe@efi_pstore modprobe@fuse modprobe@loop \
  kmod-static-nodes systemd-modules-load systemd-update-utmp systemd-update-utmp-runlevel systemd-random-seed \
  systemd-pstore systemd-sysusers systemd-firstboot systemd-machine-id-commit systemd-binfmt systemd-hwdb-update \
  systemd-logind systemd-user-sessions systemd-timesyncd systemd-networkd systemd-boot-update console-getty e2scrub_reap; do
  ln -s /dev/null $units/$unit.service
done
for unit in sys-fs-fuse-connections.mount sys-kernel-config.mount dev-hugepages.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount dev-mqueue.mount getty.target getty-static.service apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer proc-sys-fs-binfmt_misc.automount \
  systemd-ask-password-console.path systemd-ask-password-wall.path; do
  ln -s /dev/null $units/$unit
done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb /lib/systemd/systemd
