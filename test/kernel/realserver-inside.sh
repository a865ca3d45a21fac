#!/bin/sh
# Runs inside the guest (realserver.root.test.ts): a real server for tunnels is set up by the script, and a director's part
# is played by the kernel's own tunnels. Says what it saw, a line each: NAME: WHAT. Argument: the script.
set -u
script=$1
export FAIRLEAD_REALSERVER_CONF=/run/rs.conf FAIRLEAD_REALSERVER_STATE=/run/rs
vip=10.9.0.100 vip6=fd09::100

# Not ip netns exec, which mounts things each time: forks and mounts are what is slow in here.
in_lb() { nsenter --net=/run/netns/lb -- "$@"; }
in_rs() { nsenter --net=/run/netns/rs -- "$@"; }
realserver() { in_rs sh "$script" "$@"; }
# By bash, as busybox's wget looks names up, which a static program may not. The first packets may find neighbours unknown.
get() {
  for _ in 1 2 3 4 5; do
    answer=$(in_lb timeout 10 bash -c "exec 3<>/dev/tcp/$1/80 && printf 'GET /index.html HTTP/1.0\r\n\r\n' >&3 && tail -n 1 <&3" 2>/dev/null)
    [ -n "$answer" ] && break
    answer=nothing
    [ "${2:-}" = once ] && break
  done
  echo "$answer"
}
# A device that was up once keeps the queue that it got then.
picture() {
  in_rs sh -c 'ip addr show | grep -v valid_lft | sed "s/ qdisc [a-z]*//; s/ tentative//; s/ *$//"; cd /proc/sys/net/ipv4/conf && head */rp_filter */arp_ignore */arp_announce'
}

ip netns add lb
ip netns add rs
ip -n lb link add eth0 type veth peer name eth0 netns rs
for each in "lb 11" "rs 21"; do
  set -- $each
  ip -n "$1" addr add "10.1.0.$2/24" dev eth0
  ip -n "$1" addr add "fd01::$2/64" dev eth0 nodad
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
done
ip -n lb link add out4 type ipip local 10.1.0.11 remote 10.1.0.21
ip -n lb link add out6 type ip6tnl mode ip6ip6 local fd01::11 remote fd01::21 encaplimit none
ip -n lb link set out4 up
ip -n lb link set out6 up
ip -n lb route add $vip/32 dev out4 src 10.1.0.11
ip -n lb -6 route add $vip6/128 dev out6 src fd01::11
in_rs sh -c 'for device in all default eth0 tunl0; do echo 1 >/proc/sys/net/ipv4/conf/$device/rp_filter; done'
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
# As after a boot: the devices down and without addresses, the files there.
ip -n rs addr flush dev tunl0
ip -n rs link set tunl0 down
realserver apply
echo "applied: $? $(get $vip)"
realserver unset
echo "unset: $?"
picture >/run/after
cmp -s /run/before /run/after && echo 'picture: as before' || diff /run/before /run/after
