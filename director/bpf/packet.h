// A frame on its way through: what has been read of it, and how to read and write it under either hook.
// `xdp` is a constant wherever these are used, so that each shell is compiled for itself.
#pragma once
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "maps.h"

#define LINK_LENGTH ETH_HLEN
#define MAPPED_PREFIX bpf_htonl(0xffff)
// Transport headers begin at even offsets within the first 2 KiB; a verifier on a machine without unaligned access
// wants to see both.
#define OFFSET_MASK 0x7fe
#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1fff

enum fragment_kind { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT };

struct packet {
	struct tuple tuple;
	__u32 ip_length;
	__u32 wire_length; // the largest IP packet it becomes: a segment, if it is to be segmented
	__u32 fragment_id;
	__u16 transport; // offset in the frame
	__u8 family;
	__u8 flags;      // of TCP
	__u8 fragment;
	__u8 ttl;
	__u8 tos;
	__u8 may_not_fragment; // IPv6, or IPv4 with DF
};

// What has been decided about it.
struct verdict {
	__u64 word; // the entry's, as it was found
	struct slot *slot;
	struct server *server;
	struct hop *hop;
	__u32 slot_index;
	__u32 direction;
	__u32 method;
	__u32 busy; // there is an entry that another CPU is making or ending
};

// The same in numbers, from functions that cannot hand over pointers. Fields are NONE when there is none.
struct admission {
	__u32 slot_index;
	__u32 server_id;
	__u32 service_id;
	__u32 template;
	__u32 fresh; // whether the template is new
};

static __always_inline void *frame_start(void *ctx, const int xdp)
{
	return (void *)(long)(xdp ? ((struct xdp_md *)ctx)->data : ((struct __sk_buff *)ctx)->data);
}

static __always_inline void *frame_end(void *ctx, const int xdp)
{
	return (void *)(long)(xdp ? ((struct xdp_md *)ctx)->data_end : ((struct __sk_buff *)ctx)->data_end);
}

static __always_inline __u32 frame_length(void *ctx, const int xdp)
{
	if (xdp) {
		__u64 length = frame_end(ctx, 1) - frame_start(ctx, 1);

		// keeps the compiler from regrouping this into arithmetic that the verifier refuses on pointers
		asm volatile("" : "+r"(length));
		return length;
	}
	return ((struct __sk_buff *)ctx)->len;
}

static __always_inline int load_bytes(void *ctx, const int xdp, __u32 offset, void *to, __u32 length)
{
	return xdp ? bpf_xdp_load_bytes(ctx, offset, to, length) : bpf_skb_load_bytes(ctx, offset, to, length);
}

static __always_inline int store_bytes(void *ctx, const int xdp, __u32 offset, void *from, __u32 length)
{
	return xdp ? bpf_xdp_store_bytes(ctx, offset, from, length) :
		     bpf_skb_store_bytes(ctx, offset, from, length, BPF_F_INVALIDATE_HASH);
}

// The largest IP packet that this frame becomes on the wire: a segment, when the frame is to be segmented.
static __always_inline __u32 wire_length(void *ctx, const int xdp, const struct packet *packet)
{
	struct __sk_buff *skb = ctx;

	if (xdp || !skb->gso_size)
		return packet->ip_length;
	// gso_size is payload; 20 bytes stand for the options a TCP header may have beyond its 20
	return skb->gso_size + packet->transport - LINK_LENGTH + (packet->tuple.protocol == IPPROTO_TCP ? 20 : 8);
}

static __always_inline void map_address(struct address *to, __u32 v4)
{
	to->word[0] = 0;
	to->word[1] = (__u64)v4 << 32 | MAPPED_PREFIX;
}

// An address as IPv4, in network order.
static __always_inline __u32 as_v4(const struct address *from)
{
	return from->word[1] >> 32;
}

static __always_inline int is_v4(const struct address *of)
{
	return of->word[0] == 0 && (__u32)of->word[1] == MAPPED_PREFIX;
}
