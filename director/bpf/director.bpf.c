// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The packet program: one core under two hooks, and the programs that free entries and put in the peer's.
#include "core.h"
#include "install.h"
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

// Run by test-run only. Not a syscall program: those may not take spin locks before kernel 6.2, and keys are entered
// under one.
SEC("tc")
int director_install(struct __sk_buff *skb)
{
	struct batch batch = {};

	return bpf_skb_load_bytes(skb, 0, &batch, sizeof(batch)) ? TC_ACT_SHOT : install_range(&batch);
}

char _license[] SEC("license") = "Dual BSD/GPL";
