// The way back to a client: the kernel's routing decides, packet by packet. What it cannot say at once
// (an unresolved neighbour) is left to the kernel to finish.
#pragma once
#include "rewrite.h"

#define AF_INET_ 2
#define AF_INET6_ 10

struct way {
	struct bpf_fib_lookup fib;
	long result;
};

static __always_inline void look_up_way(void *ctx, const int xdp, const struct packet *packet, const struct address *source, struct way *way)
{
	struct bpf_fib_lookup *fib = &way->fib;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = xdp ? ((struct xdp_md *)ctx)->ingress_ifindex : ((struct __sk_buff *)ctx)->ifindex;
	if (packet->family == 4) {
		fib->family = AF_INET_;
		fib->ipv4_src = as_v4(source);
		fib->ipv4_dst = as_v4(&packet->tuple.to);
	} else {
		fib->family = AF_INET6_;
		__builtin_memcpy(fib->ipv6_src, source, sizeof(*source));
		__builtin_memcpy(fib->ipv6_dst, &packet->tuple.to, sizeof(*source));
	}
	// without a length the tc form checks the frame itself, which knows about segments
	if (xdp)
		fib->tot_len = packet->ip_length;
	way->result = bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

// Whether the packet has to be refused for its size; the MTU is in fib.mtu_result then.
static __always_inline int is_too_big(const struct packet *packet, const struct way *way)
{
	return way->result == BPF_FIB_LKUP_RET_FRAG_NEEDED && packet->may_not_fragment;
}

static __always_inline int send_to_client(void *ctx, const int xdp, const struct packet *packet, struct way *way)
{
	if (way->result == BPF_FIB_LKUP_RET_SUCCESS) {
		if (age(ctx, xdp, packet))
			return -1;
		return send_out(ctx, xdp, way->fib.ifindex, way->fib.dmac, way->fib.smac);
	}
	if (!xdp && way->result == BPF_FIB_LKUP_RET_NO_NEIGH) {
		if (age(ctx, xdp, packet))
			return -1;
		return bpf_redirect_neigh(way->fib.ifindex, 0, 0, 0);
	}
	return pass(xdp); // the stack fragments, answers, or delivers it here
}
