// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// A bad cable: drops a share of the frames that come in at a port of the lab's switch. Loaded once per port, with its
// rule in `rules`. Counts what it met and what it dropped.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct rule {
	__u32 permille;
	/* 0: any UDP port, and what is no UDP */
	__u32 udp_port;
	/* the link address it is sent to; all zero: any */
	__u8 to[6];
	__u8 pad[2];
	__u64 met;
	__u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

static __always_inline int is_udp_to(struct __sk_buff *skb, __u32 port)
{
	__u8 head[64] = {};
	__u32 at;
	__u16 type;

	if (bpf_skb_load_bytes(skb, 0, head, 14 + 20 + 8) < 0)
		return 0;
	type = (head[12] << 8) | head[13];
	if (type == 0x0800) {
		if (head[23] != 17)
			return 0;
		at = 14 + (head[14] & 15) * 4;
	} else if (type == 0x86dd) {
		if (head[20] != 17)
			return 0;
		at = 14 + 40;
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes(skb, at + 2, head, 2) < 0)
		return 0;
	return ((head[0] << 8) | head[1]) == port;
}

SEC("tc")
int loss(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct rule *rule = bpf_map_lookup_elem(&rules, &zero);
	__u8 to[6] = {};

	if (!rule || bpf_skb_load_bytes(skb, 0, to, 6) < 0)
		return TC_ACT_UNSPEC;
	if (rule->to[0] | rule->to[1] | rule->to[2] | rule->to[3] | rule->to[4] | rule->to[5]) {
		if (to[0] != rule->to[0] || to[1] != rule->to[1] || to[2] != rule->to[2] ||
		    to[3] != rule->to[3] || to[4] != rule->to[4] || to[5] != rule->to[5])
			return TC_ACT_UNSPEC;
	}
	if (rule->udp_port && !is_udp_to(skb, rule->udp_port))
		return TC_ACT_UNSPEC;
	__sync_fetch_and_add(&rule->met, 1);
	if (bpf_get_prandom_u32() % 1000 >= rule->permille)
		return TC_ACT_UNSPEC;
	__sync_fetch_and_add(&rule->dropped, 1);
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
