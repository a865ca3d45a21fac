// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The packet program: one core under two hooks, and the program that frees entries.
#include "core.h"
#include "sweep.h"

SEC("tc")
int director_tc(struct __sk_buff *skb)
{
	return handle(skb, 0);
}

SEC("xdp")
int director_xdp(struct xdp_md *xdp)
{
	return handle(xdp, 1);
}

SEC("syscall")
int director_sweep(struct sweep *sweep)
{
	return sweep_range(sweep);
}

char _license[] SEC("license") = "Dual BSD/GPL";
