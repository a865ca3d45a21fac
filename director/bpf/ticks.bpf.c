// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Tells user space how the kernel's ticks stand to CLOCK_MONOTONIC, both read at one moment.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct reading {
	__u64 ticks;
	__u64 now_ns;
};

SEC("syscall")
int read_ticks(struct reading *reading)
{
	reading->ticks = bpf_jiffies64();
	reading->now_ns = bpf_ktime_get_ns();
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
