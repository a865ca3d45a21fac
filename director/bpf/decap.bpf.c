// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A real server's end of method `tunnel`, for kernels that lack the ipip and sit devices: takes off the outer header
// of IPv4-in-IPv4, IPv6-in-IPv4, IPv4-in-IPv6 and IPv6-in-IPv6 (RFC 2003, 2473, 4213) at tc ingress and lets the
// inner packet go on to this host's own stack. Stateless; loads without a JIT.
// Only packets whose outer source and destination stand in `decap_ends` are touched; everything else, fragments of
// the outer packet and outer IPv4 options included, passes as it came.
// Superpackets (GSO) stay superpackets: the segment size is kept, as the sender's encapsulation kept it.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Kernel 6.3 and newer (commit d219df60a70e); older ones refuse it with EINVAL.
#define ADJ_ROOM_DECAP_L3_IPV4 (1ULL << 7)
#define ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

#define ENDS_MAX 1024
#define ECN_MASK 3
#define ECN_CE 3

struct address {
	__u8 byte[16]; // IPv4 as ::ffff:a.b.c.d
};

// Whose packets are taken apart. A peer of all zeros stands for any.
struct ends {
	struct address local;
	struct address peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENDS_MAX);
	__type(key, struct ends);
	__type(value, __u32);
} decap_ends SEC(".maps");

// Every packet that is a tunnel's by its protocol number counts once.
enum outcome {
	DECAPSULATED,
	FOREIGN, // ends that are not configured: left alone
	FRAGMENT, // outer fragment or IPv4 options: left alone
	MALFORMED, // inner header cut off or of another version: dropped
	CONGESTED, // RFC 6040: congestion mark that the inner packet cannot carry: dropped
	REFUSED, // the kernel would not change the packet: dropped
	OUTCOMES,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} decap_counters SEC(".maps");

struct outer {
	struct ends ends;
	__u32 header_bytes;
	__u8 protocol;
	__u8 ecn;
	__u8 plain; // neither fragment nor options
};

static __always_inline int done(enum outcome outcome, int verdict)
{
	__u32 key = outcome;
	__u64 *count = bpf_map_lookup_elem(&decap_counters, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return verdict;
}

static __always_inline void map_ipv4(struct address *to, __be32 from)
{
	__builtin_memset(to->byte, 0, 10);
	to->byte[10] = 0xff;
	to->byte[11] = 0xff;
	__builtin_memcpy(to->byte + 12, &from, 4);
}

static __always_inline int read_outer(struct __sk_buff *skb, struct outer *outer)
{
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.version != 4)
			return -1;
		map_ipv4(&outer->ends.local, ip.daddr);
		map_ipv4(&outer->ends.peer, ip.saddr);
		outer->header_bytes = sizeof(ip);
		outer->protocol = ip.protocol;
		outer->ecn = ip.tos & ECN_MASK;
		outer->plain = ip.ihl == 5 && !(ip.frag_off & bpf_htons(0x3fff));
		return 0;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip6, sizeof(ip6)) || ip6.version != 6)
			return -1;
		__builtin_memcpy(outer->ends.local.byte, &ip6.daddr, 16);
		__builtin_memcpy(outer->ends.peer.byte, &ip6.saddr, 16);
		outer->header_bytes = sizeof(ip6);
		outer->protocol = ip6.nexthdr;
		outer->ecn = (ip6.flow_lbl[0] >> 4) & ECN_MASK;
		outer->plain = 1; // a fragment has another next header
		return 0;
	}
	return -1;
}

static __always_inline int is_configured(const struct ends *ends)
{
	struct ends any;

	if (bpf_map_lookup_elem(&decap_ends, ends))
		return 1;
	__builtin_memcpy(&any.local, &ends->local, sizeof(any.local));
	__builtin_memset(&any.peer, 0, sizeof(any.peer));
	return bpf_map_lookup_elem(&decap_ends, &any) != 0;
}

// The inner header must be whole and of the version that the outer one promises.
static __always_inline int read_inner(struct __sk_buff *skb, const struct outer *outer, __u8 *ecn)
{
	__u32 at = ETH_HLEN + outer->header_bytes;

	if (outer->protocol == IPPROTO_IPIP) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
			return -1;
		*ecn = ip.tos & ECN_MASK;
	} else {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, at, &ip6, sizeof(ip6)) || ip6.version != 6)
			return -1;
		*ecn = (ip6.flow_lbl[0] >> 4) & ECN_MASK;
	}
	return 0;
}

// Same family: the header room shrinks and that is all. Otherwise skb->protocol has to follow, which kernels before 6.3
// only do as part of bpf_skb_change_proto, a translation that itself adds or takes 20 bytes of header room.
static __always_inline long take_off(struct __sk_buff *skb, const struct outer *outer, __be16 inner)
{
	int shrink = -(int)outer->header_bytes;
	long error;

	if (skb->protocol == inner)
		return bpf_skb_adjust_room(skb, shrink, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
	error = bpf_skb_adjust_room(skb, shrink, BPF_ADJ_ROOM_MAC,
				    BPF_F_ADJ_ROOM_FIXED_GSO |
					    (inner == bpf_htons(ETH_P_IP) ? ADJ_ROOM_DECAP_L3_IPV4 :
									    ADJ_ROOM_DECAP_L3_IPV6));
	if (!error)
		return 0;
	error = bpf_skb_change_proto(skb, inner, 0);
	if (error)
		return error;
	shrink = inner == bpf_htons(ETH_P_IP) ? -20 : -40;
	return bpf_skb_adjust_room(skb, shrink, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

SEC("tc")
int decap(struct __sk_buff *skb)
{
	struct outer outer = {};
	__be16 inner;
	__u8 ecn;

	if (read_outer(skb, &outer))
		return TC_ACT_OK;
	if (outer.protocol != IPPROTO_IPIP && outer.protocol != IPPROTO_IPV6)
		return TC_ACT_OK;
	if (!is_configured(&outer.ends))
		return done(FOREIGN, TC_ACT_OK);
	if (!outer.plain)
		return done(FRAGMENT, TC_ACT_OK);
	if (read_inner(skb, &outer, &ecn))
		return done(MALFORMED, TC_ACT_SHOT);
	if (outer.ecn == ECN_CE && ecn == 0)
		return done(CONGESTED, TC_ACT_SHOT);

	inner = outer.protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	if (take_off(skb, &outer, inner) ||
	    bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &inner, sizeof(inner), 0))
		return done(REFUSED, TC_ACT_SHOT);
	if (outer.ecn == ECN_CE)
		bpf_skb_ecn_set_ce(skb);
	return done(DECAPSULATED, TC_ACT_OK);
}
