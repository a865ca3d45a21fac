#!/bin/sh
# Compiles the packet programs, director/bpf/*.bpf.c, into build/bpf/*.o.
# With --is-current it only tells, by its exit status, whether every object is newer than every source.
# An object appears whole or not at all, so that a reader never meets half of one.
set -eu

cd "$(dirname "$0")/../.."
out=build/bpf

is_current() {
  for source in director/bpf/*.bpf.c; do
    [ -e "$source" ] || continue # no program yet: the pattern itself
    object=$out/$(basename "$source" .bpf.c).o
    [ -f "$object" ] || return 1
    for input in director/bpf/*; do
      case $input in
        *.c | *.h | */build.sh) ! [ "$input" -nt "$object" ] || return 1 ;;
      esac
    done
  done
}

compile() { # SOURCE OBJECT
  # -g: BTF, which libbpf needs for maps. No CO-RE: the programs read packets and maps, no kernel structure.
  # Sources are named relative to the checkout: the same objects wherever that lies.
  "${CLANG:-clang-14}" -O2 -g -fdebug-compilation-dir=. -ffile-prefix-map="$PWD"=. -target bpf -mcpu=v3 -Wall -Wextra -Werror \
    -I"/usr/include/$(uname -m)-linux-gnu" -Idirector/bpf -c "$1" -o "$2.$$"
  # DWARF is of no use to libbpf; BTF stays.
  if command -v "${LLVM_STRIP:-llvm-strip-14}" >/dev/null; then
    "${LLVM_STRIP:-llvm-strip-14}" -g "$2.$$"
  fi
  mv "$2.$$" "$2"
}

if [ "${1:-}" = --is-current ]; then
  is_current
  exit
fi

mkdir -p "$out"
trap 'rm -f "$out"/*.o.$$' EXIT
for source in director/bpf/*.bpf.c; do
  [ -e "$source" ] || continue
  compile "$source" "$out/$(basename "$source" .bpf.c).o"
done
