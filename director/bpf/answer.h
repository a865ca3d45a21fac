// Answers to a packet that goes no further: a TCP reset or an ICMP error, sent out where it came in
// (docs/packet-path.md 7). The frame itself is made over into its answer.
#pragma once
#include "rewrite.h"

#define QUOTE_BEYOND_HEADER 20
#define QUOTE_MAX 80 /* the longest IPv4 header and 20 bytes */
#define TTL_OF_ANSWERS 64

static __always_inline __u32 sum_words(const void *from, int bytes, __u32 sum)
{
	const __u32 *word = from;

#pragma unroll
	for (int i = 0; i < bytes / 4; i++)
		sum = add(sum, word[i]);
	return sum;
}

static __always_inline int resize(void *ctx, const int xdp, __u32 length)
{
	if (xdp)
		return bpf_xdp_adjust_tail(ctx, (int)length - (int)frame_length(ctx, xdp));
	return bpf_skb_change_tail(ctx, length, 0);
}

static __always_inline int swap_link(void *ctx, const int xdp)
{
	struct ethhdr *link = frame_start(ctx, xdp);
	__u8 source[ETH_ALEN];

	if ((void *)(link + 1) > frame_end(ctx, xdp))
		return -1;
	__builtin_memcpy(source, link->h_source, ETH_ALEN);
	__builtin_memcpy(link->h_source, link->h_dest, ETH_ALEN);
	__builtin_memcpy(link->h_dest, source, ETH_ALEN);
	return 0;
}

static __always_inline int send_back(void *ctx, const int xdp)
{
	if (swap_link(ctx, xdp))
		return drop(xdp);
	return xdp ? XDP_TX : bpf_redirect(((struct __sk_buff *)ctx)->ifindex, 0);
}

static __always_inline void write_v4(struct iphdr *ip, const struct packet *packet, __u8 protocol, __u16 length, __u16 fragment)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	*(__u8 *)ip = 0x45;
	ip->tot_len = bpf_htons(length);
	ip->frag_off = bpf_htons(fragment);
	ip->ttl = TTL_OF_ANSWERS;
	ip->protocol = protocol;
	ip->saddr = as_v4(&packet->tuple.to);
	ip->daddr = as_v4(&packet->tuple.from);
	ip->check = ~fold(sum_words(ip, sizeof(*ip), 0));
}

static __always_inline void write_v6(struct ipv6hdr *ip, const struct packet *packet, __u8 protocol, __u16 payload)
{
	*(__be32 *)ip = bpf_htonl(0x60000000);
	ip->payload_len = bpf_htons(payload);
	ip->nexthdr = protocol;
	ip->hop_limit = TTL_OF_ANSWERS;
	__builtin_memcpy(&ip->saddr, &packet->tuple.to, sizeof(struct address));
	__builtin_memcpy(&ip->daddr, &packet->tuple.from, sizeof(struct address));
}

static __always_inline __u32 pseudo_sum(const struct packet *packet, __u8 protocol, __u32 length)
{
	__u32 sum = add(bpf_htonl(length), bpf_htonl(protocol));

	if (packet->family == 4) {
		sum = add(sum, as_v4(&packet->tuple.from));
		return add(sum, as_v4(&packet->tuple.to));
	}
	return sum_words(&packet->tuple.from, sizeof(struct address), sum_words(&packet->tuple.to, sizeof(struct address), sum));
}

// A frame from a virtual device may carry a checksum that is still to be computed from where its transport
// header began. There is no flag to read; but the helper leaves the field of such a frame alone.
static __always_inline int checksum_is_pending(void *ctx, __u32 offset)
{
	__u16 before = 0, after = 0;

	if (bpf_skb_load_bytes(ctx, offset, &before, sizeof(before)) ||
	    bpf_l4_csum_replace(ctx, offset, 0, bpf_htons(1), 0) ||
	    bpf_skb_load_bytes(ctx, offset, &after, sizeof(after)))
		return 0;
	return before == after;
}

static __always_inline int answer_reset(void *ctx, const int xdp, const struct packet *packet)
{
	struct {
		union {
			struct iphdr v4;
			struct ipv6hdr v6;
		};
		struct tcphdr tcp;
	} out = {};
	const __u32 header = packet->family == 4 ? sizeof(out.v4) : sizeof(out.v6);
	struct tcphdr in = {}, tcp = {};
	__u32 payload, check_at = LINK_LENGTH + header + 16, sum;

	if (load_bytes(ctx, xdp, packet->transport, &in, sizeof(in)))
		return drop(xdp);
	tcp.source = in.dest;
	tcp.dest = in.source;
	tcp.doff = 5;
	tcp.rst = 1;
	if (in.ack) {
		tcp.seq = in.ack_seq;
	} else {
		payload = packet->ip_length + LINK_LENGTH - packet->transport - in.doff * 4;
		tcp.ack = 1;
		tcp.ack_seq = bpf_htonl(bpf_ntohl(in.seq) + payload + in.syn + in.fin);
	}
	sum = pseudo_sum(packet, IPPROTO_TCP, sizeof(tcp));
	tcp.check = ~fold(sum_words(&tcp, sizeof(tcp), sum));
	if (resize(ctx, xdp, LINK_LENGTH + header + sizeof(tcp)))
		return drop(xdp);
	if (packet->family == 4) {
		write_v4(&out.v4, packet, IPPROTO_TCP, sizeof(out.v4) + sizeof(tcp), IP_DF);
		if (store_bytes(ctx, xdp, LINK_LENGTH, &out.v4, sizeof(out.v4)))
			return drop(xdp);
	} else {
		write_v6(&out.v6, packet, IPPROTO_TCP, sizeof(tcp));
		if (store_bytes(ctx, xdp, LINK_LENGTH, &out.v6, sizeof(out.v6)))
			return drop(xdp);
	}
	if (store_bytes(ctx, xdp, LINK_LENGTH + header, &tcp, sizeof(tcp)))
		return drop(xdp);
	if (!xdp && packet->transport == LINK_LENGTH + header) {
		__u16 check = checksum_is_pending(ctx, check_at) ? fold(sum) : tcp.check;

		if (store_bytes(ctx, xdp, check_at, &check, sizeof(check)))
			return drop(xdp);
	}
	return send_back(ctx, xdp);
}

enum complaint { UNREACHABLE, TOO_BIG, TTL_EXPIRED };

struct icmp_error {
	__u8 type, code;
	__u16 check;
	__be32 value;
};

static __always_inline struct icmp_error complaint_of(__u8 family, int complaint, __u32 mtu)
{
	struct icmp_error icmp = {};

	if (family == 4) {
		icmp.type = complaint == TTL_EXPIRED ? 11 : 3;
		icmp.code = complaint == UNREACHABLE ? 3 : complaint == TOO_BIG ? 4 : 0;
	} else {
		icmp.type = complaint == TTL_EXPIRED ? 3 : complaint == TOO_BIG ? 2 : 1;
		icmp.code = complaint == UNREACHABLE ? 4 : 0;
	}
	if (complaint == TOO_BIG)
		icmp.value = bpf_htonl(mtu); // RFC 1191: low half of the word; RFC 4443: the word
	return icmp;
}

static __always_inline int answer_icmp(void *ctx, const int xdp, const struct packet *packet, int complaint, __u32 mtu)
{
	struct {
		struct icmp_error icmp;
		__u8 quote[QUOTE_MAX];
	} message = {};
	const __u32 header = packet->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const __u8 protocol = packet->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	__u32 quote = packet->family == 4 ? packet->transport - LINK_LENGTH + QUOTE_BEYOND_HEADER :
					    sizeof(struct ipv6hdr) + QUOTE_BEYOND_HEADER;
	__u32 length;

	if (quote > packet->ip_length)
		quote = packet->ip_length;
	if (quote < 20 || quote > QUOTE_MAX)
		return drop(xdp);
	if (load_bytes(ctx, xdp, LINK_LENGTH, message.quote, quote))
		return drop(xdp);
	length = sizeof(message.icmp) + quote;
	message.icmp = complaint_of(packet->family, complaint, mtu);
	message.icmp.check = ~fold(sum_words(&message, sizeof(message), packet->family == 4 ? 0 : pseudo_sum(packet, protocol, length)));
	if (resize(ctx, xdp, LINK_LENGTH + header + length))
		return drop(xdp);
	if (packet->family == 4) {
		struct iphdr ip;

		write_v4(&ip, packet, protocol, sizeof(ip) + length, 0);
		if (store_bytes(ctx, xdp, LINK_LENGTH, &ip, sizeof(ip)))
			return drop(xdp);
	} else {
		struct ipv6hdr ip = {};

		write_v6(&ip, packet, protocol, length);
		if (store_bytes(ctx, xdp, LINK_LENGTH, &ip, sizeof(ip)))
			return drop(xdp);
	}
	if (store_bytes(ctx, xdp, LINK_LENGTH + header, &message.icmp, sizeof(message.icmp)) ||
	    store_bytes(ctx, xdp, LINK_LENGTH + header + sizeof(message.icmp), message.quote, quote))
		return drop(xdp);
	return send_back(ctx, xdp);
}
