// Changing the packet: addresses and ports, outer headers, link header, and sending it on
// (docs/packet-path.md 5). Under tc the kernel's helpers adjust transport checksums, since only they
// know whether a checksum is still to be computed by a device; under XDP it is done here (RFC 1624).
#pragma once
#include "decide.h"

#define CHECK_OFFSET(PROTOCOL) ((PROTOCOL) == IPPROTO_TCP ? 16 : 6)
#define IPPROTO_IPIP_ 4
#define IPPROTO_IPV6_ 41
#define OUTER_TTL 64

static __always_inline __u32 add(__u32 a, __u32 b)
{
	a += b;
	return a + (a < b);
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

// The change of a ones' complement sum when one address takes another's place.
static __always_inline __u32 address_change(const struct address *before, const struct address *after)
{
	__u32 sum = add(~(__u32)(before->word[1] >> 32), after->word[1] >> 32);

	if (is_v4(before))
		return sum;
	sum = add(sum, add(~(__u32)before->word[1], after->word[1]));
	sum = add(sum, add(~(__u32)before->word[0], after->word[0]));
	return add(sum, add(~(__u32)(before->word[0] >> 32), after->word[0] >> 32));
}

static __always_inline __u32 port_change(__be16 before, __be16 after)
{
	return add((__u16)~before, after);
}

static __always_inline __u16 changed(__u16 check, __u32 change)
{
	return ~fold(add((__u16)~check, change));
}

// Adjusts a transport checksum for a change of the pseudo-header and one of the segment itself.
static __always_inline int adjust_check(void *ctx, const int xdp, __u32 offset, __u32 pseudo, __u32 body, int zero_means_none)
{
	if (!xdp) {
		__u32 flags = zero_means_none ? BPF_F_MARK_MANGLED_0 : 0;

		if (pseudo && bpf_l4_csum_replace(ctx, offset, 0, pseudo, flags | BPF_F_PSEUDO_HDR))
			return -1;
		return body && bpf_l4_csum_replace(ctx, offset, 0, body, flags) ? -1 : 0;
	}
	void *start = frame_start(ctx, xdp), *end = frame_end(ctx, xdp);
	__u16 *check = start + (offset & OFFSET_MASK);

	if ((void *)(check + 1) > end)
		return -1;
	if (zero_means_none && !*check)
		return 0;
	*check = changed(*check, add(pseudo, body));
	if (zero_means_none && !*check)
		*check = 0xffff;
	return 0;
}

static __always_inline int age_v4(struct iphdr *ip)
{
	// TTL is the first byte of its 16-bit word
	ip->check = changed(ip->check, add((__u16)~bpf_htons(0x0100), 0));
	ip->ttl--;
	return 0;
}

// One less to live. The caller has seen that more than one is left.
static __always_inline int age(void *ctx, const int xdp, const struct packet *packet)
{
	void *start = frame_start(ctx, xdp), *end = frame_end(ctx, xdp);

	if (packet->family == 4) {
		struct iphdr *ip = start + LINK_LENGTH;

		if ((void *)(ip + 1) > end)
			return -1;
		return age_v4(ip);
	}
	struct ipv6hdr *ip = start + LINK_LENGTH;

	if ((void *)(ip + 1) > end)
		return -1;
	ip->hop_limit--;
	return 0;
}

// Puts `after` in the place of the packet's source or destination address and port.
static __always_inline int translate(void *ctx, const int xdp, const struct packet *packet, int source,
				     const struct address *after, __be16 port_after, int has_ports)
{
	const struct address *before = source ? &packet->tuple.from : &packet->tuple.to;
	__be16 port_before = source ? packet->tuple.from_port : packet->tuple.to_port;
	__u32 change = address_change(before, after);
	void *start, *end;

	if (has_ports && adjust_check(ctx, xdp, packet->transport + CHECK_OFFSET(packet->tuple.protocol), change,
				      port_before == port_after ? 0 : port_change(port_before, port_after),
				      packet->tuple.protocol == IPPROTO_UDP))
		return -1;
	start = frame_start(ctx, xdp);
	end = frame_end(ctx, xdp);
	if (packet->family == 4) {
		struct iphdr *ip = start + LINK_LENGTH;

		if ((void *)(ip + 1) > end)
			return -1;
		if (source)
			ip->saddr = as_v4(after);
		else
			ip->daddr = as_v4(after);
		ip->check = changed(ip->check, change);
	} else {
		struct ipv6hdr *ip = start + LINK_LENGTH;

		if ((void *)(ip + 1) > end)
			return -1;
		__builtin_memcpy(source ? &ip->saddr : &ip->daddr, after, sizeof(*after));
	}
	if (has_ports && port_before != port_after) {
		__be16 *ports = start + (packet->transport & OFFSET_MASK);

		if ((void *)(ports + 2) > end)
			return -1;
		ports[source ? 0 : 1] = port_after;
	}
	return 0;
}

static __always_inline void write_outer_v4(struct iphdr *ip, const struct packet *packet, __u16 id, const struct verdict *verdict)
{
	__u32 sum;

	*(__u8 *)ip = 0x45;
	ip->tos = packet->tos;
	ip->tot_len = bpf_htons(packet->ip_length + sizeof(*ip));
	ip->id = id;
	ip->frag_off = packet->may_not_fragment ? bpf_htons(IP_DF) : 0;
	ip->ttl = OUTER_TTL;
	ip->protocol = packet->family == 4 ? IPPROTO_IPIP_ : IPPROTO_IPV6_;
	ip->check = 0;
	ip->saddr = as_v4(&verdict->hop->source);
	ip->daddr = as_v4(&verdict->server->address);
	sum = add(((__u32 *)ip)[0], ((__u32 *)ip)[1]);
	sum = add(sum, ((__u32 *)ip)[2]);
	sum = add(sum, ip->saddr);
	ip->check = ~fold(add(sum, ip->daddr));
}

static __always_inline void write_outer_v6(struct ipv6hdr *ip, const struct packet *packet, const struct verdict *verdict)
{
	*(__be32 *)ip = bpf_htonl(0x60000000 | (__u32)packet->tos << 20);
	ip->payload_len = bpf_htons(packet->ip_length);
	ip->nexthdr = packet->family == 4 ? IPPROTO_IPIP_ : IPPROTO_IPV6_;
	ip->hop_limit = OUTER_TTL;
	__builtin_memcpy(&ip->saddr, &verdict->hop->source, sizeof(struct address));
	__builtin_memcpy(&ip->daddr, &verdict->server->address, sizeof(struct address));
}

// Wraps the packet in an outer header that leads to the server.
static __always_inline int encapsulate(void *ctx, const int xdp, const struct packet *packet, const struct verdict *verdict)
{
	const int outer_v4 = is_v4(&verdict->server->address);
	const __u32 room = outer_v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u16 id = packet->family == 4 ? packet->fragment_id : 0;
	struct ethhdr *link;
	void *start, *end;

	if (!verdict->hop)
		return -1;
	if (packet->ip_length + room > 0xffff && outer_v4)
		return -1;
	if (xdp) {
		struct ethhdr before;

		start = frame_start(ctx, xdp);
		if (start + sizeof(before) > frame_end(ctx, xdp))
			return -1;
		__builtin_memcpy(&before, start, sizeof(before));
		if (outer_v4 ? bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr)) : bpf_xdp_adjust_head(ctx, -(int)sizeof(struct ipv6hdr)))
			return -1;
		start = frame_start(ctx, xdp);
		if (start + sizeof(before) > frame_end(ctx, xdp))
			return -1;
		__builtin_memcpy(start, &before, sizeof(before));
	} else {
		__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | (outer_v4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);

		if (bpf_skb_adjust_room(ctx, room, BPF_ADJ_ROOM_MAC, flags))
			return -1;
	}
	start = frame_start(ctx, xdp);
	end = frame_end(ctx, xdp);
	link = start;
	if (outer_v4) {
		struct iphdr *ip = start + LINK_LENGTH;

		if ((void *)(ip + 1) > end)
			return -1;
		write_outer_v4(ip, packet, id, verdict);
		link->h_proto = bpf_htons(ETH_P_IP);
	} else {
		struct ipv6hdr *ip = start + LINK_LENGTH;

		if ((void *)(ip + 1) > end)
			return -1;
		write_outer_v6(ip, packet, verdict);
		link->h_proto = bpf_htons(ETH_P_IPV6);
	}
	return 0;
}

static __always_inline int pass(const int xdp)
{
	return xdp ? XDP_PASS : TC_ACT_OK;
}

static __always_inline int drop(const int xdp)
{
	return xdp ? XDP_DROP : TC_ACT_SHOT;
}

static __always_inline int send_out(void *ctx, const int xdp, __u32 interface, const __u8 *destination, const __u8 *source)
{
	struct ethhdr *link = frame_start(ctx, xdp);

	if ((void *)(link + 1) > frame_end(ctx, xdp))
		return -1;
	__builtin_memcpy(link->h_dest, destination, ETH_ALEN);
	__builtin_memcpy(link->h_source, source, ETH_ALEN);
	if (xdp && interface == ((struct xdp_md *)ctx)->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect(interface, 0);
}

// To the server's next hop; -1 if the packet cannot be sent.
static __always_inline int send_to_hop(void *ctx, const int xdp, const struct verdict *verdict)
{
	struct hop *hop = verdict->hop;

	if (!hop)
		return -1;
	if (hop->flags & HOP_RESOLVED)
		return send_out(ctx, xdp, hop->interface, hop->destination_mac, hop->source_mac);
	if (xdp)
		// the stack can route what is addressed to the server, but would keep what is addressed to the VIP
		return verdict->method == METHOD_ROUTE ? -1 : XDP_PASS;
	struct bpf_redir_neigh gateway = {};

	if (is_v4(&hop->gateway)) {
		gateway.nh_family = 2; // AF_INET
		gateway.ipv4_nh = as_v4(&hop->gateway);
	} else {
		gateway.nh_family = 10; // AF_INET6
		__builtin_memcpy(gateway.ipv6_nh, &hop->gateway, sizeof(gateway.ipv6_nh));
	}
	return bpf_redirect_neigh(hop->interface, &gateway, sizeof(gateway), 0);
}
