#!/bin/sh
# In a machine: waits on the serial line (standard input and output) for numbers of jobs and runs them, side by side. A job
# is a script in the exchange folder, which gets its output too; back over the line goes a line "NUMBER STATUS".
# channel.ts is the other end.
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
jobs=/run/exchange/jobs
cd /root || exit
stty raw -echo
echo ready
while read -r number limit_s; do
  {
    timeout -k 5 "$limit_s" sh "$jobs/$number.sh" >"$jobs/$number.out" 2>"$jobs/$number.err" </dev/null
    echo "$number $?"
  } &
done
