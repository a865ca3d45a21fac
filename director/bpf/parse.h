// Reading a frame's headers. Nothing is trusted: every length is checked against what is there
// (docs/packet-path.md 2). Says what the frame is for the decision, or why it goes no further.
#pragma once
#include "packet.h"
#include "state.h"

enum parsed {
	PARSED,            // TCP or UDP, perhaps a fragment
	PARSED_ICMP,       // at least 8 bytes of ICMP; `flags` holds the type, ports the code
	PARSED_OTHER,      // for this host's own stack
	PARSED_SHORT,      // a header lies beyond the bytes that are directly readable
	PARSED_MALFORMED,
	PARSED_MALFORMED_TRANSPORT,
};

#define EXTENSION_HEADERS_MAX 6

static __always_inline int parse_transport(struct packet *packet, void *start, void *end, __u32 offset)
{
	__u32 ip_end = LINK_LENGTH + packet->ip_length;
	void *at = start + (offset & OFFSET_MASK);
	__u8 protocol = packet->tuple.protocol;

	packet->transport = offset;
	if (packet->fragment == LATER_FRAGMENT)
		return PARSED;
	if (protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = at;

		if (offset + sizeof(*tcp) > ip_end)
			return PARSED_MALFORMED_TRANSPORT;
		if ((void *)(tcp + 1) > end)
			return PARSED_SHORT;
		packet->tuple.from_port = tcp->source;
		packet->tuple.to_port = tcp->dest;
		packet->flags = ((__u8 *)tcp)[13];
		if (tcp->doff < 5 || offset + tcp->doff * 4 > ip_end)
			return PARSED_MALFORMED_TRANSPORT;
		return PARSED;
	}
	if (protocol == IPPROTO_UDP) {
		struct udphdr *udp = at;
		__u32 length;

		if (offset + sizeof(*udp) > ip_end)
			return PARSED_MALFORMED_TRANSPORT;
		if ((void *)(udp + 1) > end)
			return PARSED_SHORT;
		packet->tuple.from_port = udp->source;
		packet->tuple.to_port = udp->dest;
		length = bpf_ntohs(udp->len);
		if (length < sizeof(*udp) || (packet->fragment == WHOLE && offset + length > ip_end))
			return PARSED_MALFORMED_TRANSPORT;
		return PARSED;
	}
	if (protocol == (packet->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (offset + 8 > ip_end)
			return PARSED_OTHER;
		if (at + 8 > end)
			return PARSED_SHORT;
		packet->flags = *(__u8 *)at;
		return PARSED_ICMP;
	}
	return PARSED_OTHER;
}

static __always_inline int parse_v4(struct packet *packet, void *start, void *end, __u32 available)
{
	struct iphdr *ip = start + LINK_LENGTH;
	__u32 header, fragment;

	if (available < sizeof(*ip))
		return PARSED_MALFORMED;
	if ((void *)(ip + 1) > end)
		return PARSED_SHORT;
	header = ip->ihl * 4;
	packet->ip_length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || header > packet->ip_length || packet->ip_length > available)
		return PARSED_MALFORMED;
	packet->family = 4;
	packet->tos = ip->tos;
	packet->ttl = ip->ttl;
	map_address(&packet->tuple.from, ip->saddr);
	map_address(&packet->tuple.to, ip->daddr);
	packet->tuple.protocol = ip->protocol;
	fragment = bpf_ntohs(ip->frag_off);
	packet->may_not_fragment = (fragment & IP_DF) != 0;
	packet->fragment_id = ip->id;
	packet->fragment = fragment & IP_OFFSET ? LATER_FRAGMENT : fragment & IP_MF ? FIRST_FRAGMENT : WHOLE;
	return parse_transport(packet, start, end, LINK_LENGTH + header);
}

struct extension {
	__u8 next, length;
	__be16 offset; // fragment header: offset and flags
	__be32 id;
};

static __always_inline int parse_v6(struct packet *packet, void *start, void *end, __u32 available)
{
	struct ipv6hdr *ip = start + LINK_LENGTH;
	__u32 offset = LINK_LENGTH + sizeof(*ip), ip_end;
	__u8 next;

	if (available < sizeof(*ip))
		return PARSED_MALFORMED;
	if ((void *)(ip + 1) > end)
		return PARSED_SHORT;
	packet->ip_length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (ip->version != 6 || packet->ip_length > available)
		return PARSED_MALFORMED;
	packet->family = 6;
	packet->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	packet->ttl = ip->hop_limit;
	packet->may_not_fragment = 1;
	__builtin_memcpy(&packet->tuple.from, &ip->saddr, sizeof(struct address));
	__builtin_memcpy(&packet->tuple.to, &ip->daddr, sizeof(struct address));
	if (is_v4(&packet->tuple.from) || is_v4(&packet->tuple.to))
		return PARSED_MALFORMED; // would be taken for IPv4 from here on (RFC 4038, 4.2: never on the wire)
	next = ip->nexthdr;
	ip_end = LINK_LENGTH + packet->ip_length;
	for (int i = 0; i <= EXTENSION_HEADERS_MAX; i++) {
		struct extension *extension;
		__u32 length;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			break;
		if (i == EXTENSION_HEADERS_MAX || offset + sizeof(*extension) > ip_end)
			return PARSED_MALFORMED;
		if (offset > 0x3f0)
			return PARSED_MALFORMED;
		extension = start + (offset & OFFSET_MASK);
		if ((void *)(extension + 1) > end)
			return PARSED_SHORT;
		length = 8;
		if (next == IPPROTO_FRAGMENT) {
			__u32 fragment = bpf_ntohs(extension->offset);

			packet->fragment_id = extension->id;
			packet->fragment = fragment >> 3 ? LATER_FRAGMENT : fragment & 1 ? FIRST_FRAGMENT : WHOLE;
		} else {
			length = (extension->length + 1) * 8;
		}
		next = extension->next;
		offset += length;
		if (offset > ip_end || offset > 0x3c0)
			return PARSED_MALFORMED;
		if (packet->fragment == LATER_FRAGMENT)
			break;
	}
	packet->tuple.protocol = next;
	return parse_transport(packet, start, end, offset);
}

// A frame that a bridge or a monitoring tool shows us, though its link address or its VLAN is another's: forwarding
// it would send it twice. (Under XDP a card that is not listening to everything keeps such frames away, and a VLAN
// tag stands in the frame.)
static __always_inline int is_for_others(struct __sk_buff *skb)
{
	return skb->pkt_type != PACKET_HOST || skb->vlan_present;
}

static __always_inline int parse_once(void *ctx, const int xdp, struct packet *packet)
{
	void *start = frame_start(ctx, xdp), *end = frame_end(ctx, xdp);
	__u32 length = frame_length(ctx, xdp);
	struct ethhdr *link = start;

	if (length < LINK_LENGTH)
		return PARSED_MALFORMED;
	if (!xdp && is_for_others(ctx))
		return PARSED_OTHER;
	if ((void *)(link + 1) > end)
		return PARSED_SHORT;
	if (link->h_proto == bpf_htons(ETH_P_IP))
		return parse_v4(packet, start, end, length - LINK_LENGTH);
	if (link->h_proto == bpf_htons(ETH_P_IPV6))
		return parse_v6(packet, start, end, length - LINK_LENGTH);
	return PARSED_OTHER;
}

static __noinline int pull(struct __sk_buff *skb)
{
	return bpf_skb_pull_data(skb, skb->len < 1024 ? skb->len : 1024);
}

static __always_inline int parse(void *ctx, const int xdp, struct packet *packet)
{
	int result = parse_once(ctx, xdp, packet);

	if (result != PARSED_SHORT)
		return result;
	if (xdp || pull(ctx))
		return PARSED_MALFORMED;
	__builtin_memset(packet, 0, sizeof(*packet));
	result = parse_once(ctx, xdp, packet);
	return result == PARSED_SHORT ? PARSED_MALFORMED : result;
}
