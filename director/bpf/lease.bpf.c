// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The lease on the VIPs: this host speaks for a VIP in ARP (RFC 826) and neighbour discovery (RFC 4861) only while its
// heartbeat has lately renewed the lease. When every process of a director is dead, frozen or starved, it falls silent
// by itself, although its kernel still has the addresses. No loops, one map look-up or two; runs without a JIT.
//
// Silenced while the lease is not young:
//   in:  ARP that asks for a VIP, a probe (sender 0) among them; neighbour solicitations for a VIP, by multicast and
//        unicast, duplicate detection among them. The host does not hear what it must not answer.
//   out: ARP whose sender is a VIP; neighbour advertisements for a VIP; any discovery message that comes from a VIP,
//        as its link-layer option tells neighbours the same. Answers to questions that the host did hear (with an
//        extension header, on another interface) end here.
// Always passed:
//   in:  what another owner says of a VIP, so that a standby's own caches follow it, and it is heard here. A host that
//        still has the address ignores it: its kernel knows no neighbour of that address.
//   out: questions for a VIP from another address or from none (probes before a claim), and answers to the VIP's owner.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lease.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define VLAN_BYTES 4
#define ND_ROUTER_SOLICIT 133
#define ND_SOLICIT 135
#define ND_ADVERTISE 136
#define ND_REDIRECT 137
#define ND_TARGET 8 // its offset in solicitations and advertisements

struct address {
	__u8 byte[16]; // IPv4 as ::ffff:a.b.c.d
};

// RFC 826 for Ethernet and IPv4
struct arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_bytes;
	__u8 protocol_bytes;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender[4];
	__u8 target_mac[6];
	__u8 target[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lease);
} lease SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LEASE_VIPS_MAX);
	__type(key, struct address);
	__type(value, __u32);
} vips SEC(".maps");

static __always_inline struct lease *the_lease(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&lease, &key);
}

static __always_inline int is_vip(const struct address *address)
{
	return bpf_map_lookup_elem(&vips, address) != 0;
}

static __always_inline int is_vip4(const __u8 *ipv4)
{
	struct address address = {};

	address.byte[10] = 0xff;
	address.byte[11] = 0xff;
	__builtin_memcpy(address.byte + 12, ipv4, 4);
	return is_vip(&address);
}

// `until` is read before the clock: whatever delays this in between makes the lease older, never younger.
static __always_inline int pass_while_young(enum silence silence)
{
	struct lease *lease = the_lease();
	__u64 until_ns;

	if (!lease)
		return TC_ACT_SHOT;
	until_ns = *(volatile __u64 *)&lease->until_ns;
	if (bpf_ktime_get_boot_ns() < until_ns) {
		__sync_fetch_and_add(&lease->passed, 1);
		return TC_ACT_UNSPEC;
	}
	__sync_fetch_and_add(&lease->silenced[silence], 1);
	return TC_ACT_SHOT;
}

static __always_inline int claim_heard(void)
{
	struct lease *lease = the_lease();

	if (lease)
		__sync_fetch_and_add(&lease->claims, 1);
	return TC_ACT_UNSPEC;
}

static __always_inline int gate_arp(struct __sk_buff *skb, __u32 at, const int out)
{
	struct arp arp;

	// what is cut off or of other lengths, the kernel ignores (net/ipv4/arp.c, arp_rcv)
	if (bpf_skb_load_bytes(skb, at, &arp, sizeof(arp)) || arp.hardware_bytes != 6 || arp.protocol_bytes != 4)
		return TC_ACT_UNSPEC;
	if (out)
		return is_vip4(arp.sender) ? pass_while_young(SILENT_ARP_OUT) : TC_ACT_UNSPEC;
	if (__builtin_memcmp(arp.sender, arp.target, 4) && is_vip4(arp.target))
		return pass_while_young(SILENT_ARP_IN);
	return is_vip4(arp.sender) ? claim_heard() : TC_ACT_UNSPEC;
}

// Extension headers are not followed: Linux answers such questions without any, and so the answer ends here.
static __always_inline int gate_nd(struct __sk_buff *skb, __u32 at, const int out)
{
	__u32 icmp = at + sizeof(struct ipv6hdr);
	struct address source, target = {};
	__u8 type;

	if (bpf_skb_load_bytes(skb, icmp, &type, 1) || type < ND_ROUTER_SOLICIT || type > ND_REDIRECT ||
	    bpf_skb_load_bytes(skb, at + offsetof(struct ipv6hdr, saddr), &source, 16))
		return TC_ACT_UNSPEC;
	if ((type == ND_SOLICIT || type == ND_ADVERTISE) && bpf_skb_load_bytes(skb, icmp + ND_TARGET, &target, 16))
		return TC_ACT_UNSPEC;
	if (out) {
		if (is_vip(&source) || (type == ND_ADVERTISE && is_vip(&target)))
			return pass_while_young(SILENT_ND_OUT);
		return TC_ACT_UNSPEC;
	}
	if (type == ND_SOLICIT && is_vip(&target))
		return pass_while_young(SILENT_ND_IN);
	return is_vip(&source) || (type == ND_ADVERTISE && is_vip(&target)) ? claim_heard() : TC_ACT_UNSPEC;
}

// `at`: where the header of the network layer begins. All other packets leave after a few instructions.
static __always_inline int gate_at(struct __sk_buff *skb, const __u32 at, const int out)
{
	const __u8 *data = (const __u8 *)(long)skb->data;
	const __u8 *end = (const __u8 *)(long)skb->data_end;
	__be16 type;

	if (data + at > end)
		return TC_ACT_UNSPEC;
	__builtin_memcpy(&type, data + at - sizeof(type), sizeof(type));
	if (type == bpf_htons(ETH_P_ARP))
		return gate_arp(skb, at, out);
	if (type == bpf_htons(ETH_P_IPV6)) {
		__u32 next = at + offsetof(struct ipv6hdr, nexthdr);
		__u8 protocol;

		if (data + next + 1 <= end)
			protocol = data[next];
		else if (bpf_skb_load_bytes(skb, next, &protocol, 1))
			return TC_ACT_UNSPEC;
		return protocol == IPPROTO_ICMPV6 ? gate_nd(skb, at, out) : TC_ACT_UNSPEC;
	}
	// A tag that the card or the stack has not taken off; one that it has is no longer in the frame.
	if (at == ETH_HLEN && (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD)))
		return -2;
	return TC_ACT_UNSPEC;
}

static __always_inline int gate(struct __sk_buff *skb, const int out)
{
	int verdict = gate_at(skb, ETH_HLEN, out);

	return verdict == -2 ? gate_at(skb, ETH_HLEN + VLAN_BYTES, out) : verdict;
}

SEC("tc")
int lease_in(struct __sk_buff *skb)
{
	return gate(skb, 0);
}

SEC("tc")
int lease_out(struct __sk_buff *skb)
{
	return gate(skb, 1);
}
