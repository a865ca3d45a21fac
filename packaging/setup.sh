#!/bin/sh
# Sets up what a checkout needs: Debian packages, npm packages (among them the pinned Node), compiled packet programs.
# Silent and quick when nothing is missing, one line for each thing it does, a clear remedy when it cannot.
# Safe to run twice at once, and from any folder. Without root it leaves Debian's packages alone and says so.
set -eu

cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { echo "setup: $1" >&2; }

# fail WHAT REMEDY [LOG]: the end of the log is shown first, as it usually names the cause.
fail() {
  [ -z "${3:-}" ] || tail -n 15 "$3" >&2
  say "failed: $1"
  say "remedy: $2"
  exit 1
}

# Debian package, and a file (a pattern) or a command that shows it is there: looking is quicker than asking dpkg,
# and true on systems where the same thing came another way.
wanted_packages() {
  echo 'clang-14          command clang-14'                       # packet programs
  echo 'libbpf-dev        file    /usr/include/bpf/bpf_helpers.h' # packet programs
  echo 'linux-libc-dev    file    /usr/include/linux/bpf.h'       # packet programs
  echo 'libbpf1           file    /usr/lib*/*/libbpf.so.1'        # loads them
  echo 'iproute2          command ip'                             # lab
  echo 'iputils-ping      command ping'                           # lab
  echo 'iputils-arping    command arping'                         # stands in for announcements
  echo 'ethtool           command ethtool'                        # lab: offloads on and off
  echo 'nftables          command nft'                            # tests: what is lost between directors; bench
  echo 'openssl           command openssl'                        # tests: certificates
  echo 'curl              command curl'                           # tests: what the documents show
  echo 'tcpdump           command tcpdump'                        # tests: likewise
  echo 'chromium          file    /usr/bin/chromium'              # tests: the console as people see it
  echo 'fonts-dejavu-core file    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' # tests: pages with letters in them
  echo 'libfaketime       file    /usr/lib/*/faketime/libfaketimeMT.so.1' # drills: another wall clock
  echo 'binutils          command strip'                          # package: programs without symbols
  echo 'dpkg-dev          command dpkg-shlibdeps'                 # package: what they are linked to
  echo 'lintian           command lintian'                        # tests: the package by Debian's rules
  echo 'man-db            command man'                            # tests: manual pages
  if [ "$(uname -m)" = x86_64 ]; then
    echo 'user-mode-linux command linux.uml'                      # test/kernel; Debian has it for x86 only
    echo 'busybox-static  command busybox'                        # the guest's poweroff
  fi
}

missing_packages() {
  wanted_packages | while read -r package kind sign; do
    case $kind in
      command) command -v "$sign" >/dev/null || printf '%s ' "$package" ;;
      # shellcheck disable=SC2086 # the pattern is meant to expand
      file) ls $sign >/dev/null 2>&1 || printf '%s ' "$package" ;;
    esac
  done
}

# The lock file that node_modules was last completed from is kept in it; times would mislead after a branch switch.
npm_is_current() {
  [ -x node_modules/.bin/node ] && cmp -s package-lock.json node_modules/.lock-of-setup
}

install_packages() {
  packages=$(missing_packages)
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    fail "missing ${packages}and this is not a Debian system (no apt-get)" \
      "install these with your system's package manager, or use Debian 12"
  fi
  if [ "$(id -u)" != 0 ]; then
    say "not root, so these Debian packages stay missing: $packages"
    say "remedy: sudo apt-get install --no-install-recommends $packages"
    return 0
  fi
  say "installing Debian packages: $packages"
  # shellcheck disable=SC2086 # a list of words
  apt_install $packages && return 0
  # Usually the package lists are absent (a fresh container) or out of date.
  if ! apt-get -q update >"$log" 2>&1 </dev/null; then
    fail "apt-get update" "check the network and /etc/apt/sources.list, then run this again" "$log"
  fi
  # shellcheck disable=SC2086
  apt_install $packages ||
    fail "apt-get install $packages" "check the network, and that /etc/apt has Debian 12's main archive" "$log"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "$@" >"$log" 2>&1 </dev/null
}

install_npm() {
  ! npm_is_current || return 0
  command -v npm >/dev/null || fail "npm is missing" "apt-get install nodejs npm (Node 20 or newer)"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "no pinned Node for $(uname -m)" "use an x86_64 or aarch64 machine" ;;
  esac
  say "installing npm packages"
  # Not npm ci: that one empties node_modules first, under the feet of whatever runs from this checkout, and refuses lock
  # files that do not list other platforms' optional packages. Versions and checksums are the lock file's here as well.
  npm install --no-save --no-audit --no-fund --loglevel=error \
    --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000 >"$log" 2>&1 </dev/null ||
    fail "npm install" "check the network (npm ping) and the free space, then run this again" "$log"
  [ -x node_modules/.bin/node ] ||
    fail "npm left out the pinned Node (optional dependency node-linux-*)" \
      "run without --omit=optional (npm config get omit), on a system with glibc" "$log"
  cp package-lock.json node_modules/.lock-of-setup
}

build_packet_programs() {
  ! sh director/bpf/build.sh --is-current || return 0
  if ! command -v clang-14 >/dev/null; then
    say "no clang-14, so the packet programs stay uncompiled and the ebpf engine is unavailable"
    return 0
  fi
  say "compiling packet programs"
  sh director/bpf/build.sh >"$log" 2>&1 ||
    fail "director/bpf/build.sh" "see the compiler's message above" "$log"
}

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s)" "use Linux: Debian 12, kernel 6.1 or newer"

if [ -z "$(missing_packages)" ] && npm_is_current && sh director/bpf/build.sh --is-current; then
  exit 0
fi

command -v flock >/dev/null || fail "flock is missing" "install util-linux"
mkdir -p build 2>/dev/null || fail "cannot write to $(pwd)" "use a checkout that belongs to you"
# Two set-ups at once: the second waits here and then finds everything done.
exec 9>build/.setup.lock
flock -n 9 || { say "waiting for another set-up of this checkout" && flock 9; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
install_packages
install_npm
build_packet_programs
