#!/bin/sh
# First process of the user-mode-linux guest (started by guest.ts). Relies on sh and busybox alone. The shell is not
# busybox's: that one starts /proc/self/exe, and before /proc is mounted it meets the host's there, this very kernel.
# The host's root, read-only, lies under an overlay whose upper layer is memory: every write vanishes with the guest.
# Written through are only the job folder, at the same path inside and outside, and the folders that the job shares.
# The job folder holds `job`, `modules` and `shares`, and receives `output` and, last of all, `status`: without that the
# guest did not get to the end.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root
exec 2>&1

# Ends the guest without a status; what was said shows on its console.
fail() {
  echo "guest-init: $1"
  busybox poweroff -f
}

mount() { busybox mount "$@" || fail "mount $*"; }

# Builds the new root below /run, the one folder that every host has and nobody needs from below.
build_root() {
  root=/run/root
  mount -t tmpfs -o size=75% tmpfs /run
  busybox mkdir -p /run/upper /run/work $root
  busybox insmod "$modules/kernel/fs/overlayfs/overlay.ko" || fail 'no overlay module'
  mount -t overlay overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work $root
  mount -t proc proc $root/proc
  mount -t sysfs sysfs $root/sys
  mount -t devtmpfs dev $root/dev
  busybox mkdir -p $root/dev/pts $root/dev/shm "$root/usr/lib/modules/$release"
  mount -t devpts -o mode=600,ptmxmode=666 devpts $root/dev/pts
  mount -t tmpfs shm $root/dev/shm
  mount -t tmpfs run $root/run
  mount -t bpf bpf $root/sys/fs/bpf
  mount -t cgroup2 cgroup $root/sys/fs/cgroup
  mount --bind "$modules" "$root/usr/lib/modules/$release"
  for share in "$job" $(busybox cat "$job/shares"); do
    busybox mkdir -p "$root$share"
    mount -t hostfs -o "$share" none "$root$share"
  done
  # For modules that the kernel asks for by itself (an IPVS scheduler, a qdisc) on hosts without kmod.
  [ -e $root/usr/sbin/modprobe ] || busybox ln -s ../bin/busybox $root/usr/sbin/modprobe
}

run_job() {
  for module in $(busybox cat "$job/modules"); do
    busybox modprobe "$module" || fail "no module $module"
  done
  busybox ip link set lo up
  sh "$job/job" >"$job/output" </dev/null
  echo $? >"$job/status.part"
  # Renamed, so that a status is never read half written.
  busybox mv "$job/status.part" "$job/status"
}

[ "${1:-}" = inside ] || mount -t proc proc /proc
job=$(busybox sed 's/.*fairlead_job=\([^ ]*\).*/\1/' /proc/cmdline)
release=$(busybox uname -r)
modules=/usr/lib/uml/modules/$release
if [ "${1:-}" = inside ]; then
  run_job
  busybox poweroff -f # not systemd's, which does nothing here
else
  build_root
  # In place, not as a child: kernel threads share this process's root, and only so find modprobe and its modules.
  exec busybox chroot $root /bin/sh "$job/init" inside
fi
