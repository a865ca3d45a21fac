#!/bin/sh
# Runs inside the guest (realserver.root.test.ts): a real server for tunnels is set up by the script, and a director's part
# is played by the kernel's own tunnels. Says what it saw, a line each: NAME: WHAT. Argument: the script.
set -u
script=$1
export FAIRLEAD_REALSERVER_CONF=/run/rs.conf FAIRLEAD_REALSERVER_STATE=/run/rs
vip=10.9.0.100 vip6=fd09::100

in_lb() { ip netns exec lb "$@"; }
in_rs() { ip netns exec rs "$@"; }
realserver() { in_rs sh "$script" "$@"; }
# By bash, as busybox's wget looks names up, which a static program may not. The first packets may find neighbours unknown.
get() {
  for _ in 1 2 3 4 5; do
    answer=$(in_lb timeout 3 bash -c "exec 3<>/dev/tcp/$1/80 && printf 'GET /index.html HTTP/1.0\r\n\r\n' >&3 && tail -n 1 <&3" 2>/dev/null)
    [ -n "$answer" ] && break
    answer=nothing
    [ "${2:-}" = once ] && break
  done
  echo "$answer"
}
picture() {
  in_rs ip addr show | grep -v valid_lft
  for name in rp_filter arp_ignore arp_announce; do
    for device in all default lo eth0 tunl0; do in_rs cat "/proc/sys/net/ipv4/conf/$device/$name"; done
  done
}

ip netns add lb
ip netns add rs
ip -n lb link add eth0 type veth peer name eth0 netns rs
for name in lb rs; do
  in_"$name" sh -c 'for scope in all default; do echo 0 >/proc/sys/net/ipv6/conf/$scope/accept_dad; done'
  ip -n $name link set lo up
done
for each in "lb 11" "rs 21"; do
  set -- $each
  ip -n "$1" addr add "10.1.0.$2/24" dev eth0
  ip -n "$1" addr add "fd01::$2/64" dev eth0 nodad
  ip -n "$1" link set eth0 up
done
ip -n lb link add out4 type ipip local 10.1.0.11 remote 10.1.0.21
ip -n lb link add out6 type ip6tnl mode ip6ip6 local fd01::11 remote fd01::21 encaplimit none
ip -n lb link set out4 up
ip -n lb link set out6 up
ip -n lb route add $vip/32 dev out4 src 10.1.0.11
ip -n lb -6 route add $vip6/128 dev out6 src fd01::11
for device in all default eth0 tunl0; do in_rs sh -c "echo 1 >/proc/sys/net/ipv4/conf/$device/rp_filter"; done
mkdir /run/www
echo served >/run/www/index.html
in_rs busybox httpd -p '[::]:80' -h /run/www

picture >/run/before
echo "itself: $(get 10.1.0.21)"
echo "before: $(get $vip once)"
realserver set --vip $vip --vip $vip6 --method tunnel
echo "set: $?"
echo "vip: $(get $vip)"
echo "vip6: $(get $vip6)"
realserver check --port 80
echo "check: $?"
ip -n rs link set tunl0 down
realserver check
echo "down: $?"
realserver set --vip $vip --vip $vip6 --method tunnel
realserver check >/dev/null
echo "again: $?"
# As after a boot: the devices down and without addresses, the files there.
ip -n rs addr flush dev tunl0
ip -n rs link set tunl0 down
realserver apply
echo "applied: $? $(get $vip)"
realserver unset
echo "unset: $?"
picture >/run/after
cmp -s /run/before /run/after && echo 'picture: as before' || diff /run/before /run/after
