// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Wrappers for measuring: BPF_PROG_TEST_RUN repeats a program on one buffer that it never restores. A wrapper puts
// the headers back, picks the flow whose turn it is, and goes on to the program under test by a tail call. Under the
// same wrapper `empty` programs do nothing, so that the difference is the program under test alone.
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define LINK 14
#define HEADERS_V4 56 /* Ethernet, IPv4 and TCP headers, up to a multiple of 8 */
#define HEADERS_V6 80
#define TARGETS 8
#define SERVERS 16 /* flows are given to them in turn */

// test/bench/wrapper.ts writes this.
struct run {
	__u64 random;   // state of the generator
	__u32 counter;  // flow of the next packet, when in order
	__u32 in_order;
	__u32 mask;     // flows - 1
	__u32 target;
	__u32 length;   // of the frame
	__u32 outbound; // from the flow's real server to its client
	__u32 client_base; // last four bytes of the first client's address
	__u32 server_base; // and of the first server's
	__u64 headers[HEADERS_V6 / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct run);
} runs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TARGETS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} xdp_targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TARGETS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} tc_targets SEC(".maps");

static __always_inline struct run *run_record(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&runs, &zero);
}

static __always_inline __u32 next_flow(struct run *run)
{
	if (run->in_order)
		return run->counter++ & run->mask;
	run->random = run->random * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(run->random >> 33) & run->mask;
}

// Eight connections of each client. Checksums stay those of flow 0: they are adjusted, and nobody verifies them.
// Each address is stored at the width at which programs load it, or the processor would charge them for the difference.
static __always_inline __u32 client_of(const struct run *run, __u32 flow)
{
	return bpf_htonl(run->client_base + (flow >> 3));
}

static __always_inline __u32 server_of(const struct run *run, __u32 flow)
{
	return bpf_htonl(run->server_base + (flow & (SERVERS - 1)));
}

static __always_inline __be16 port_of(__u32 flow)
{
	return bpf_htons(1024 + (flow & 7));
}

static __always_inline void restore_v4(const struct run *run, void *start, __u32 flow)
{
	__u64 *to = start;

#pragma unroll
	for (int i = 0; i < HEADERS_V4 / 8; i++)
		to[i] = run->headers[i];
	if (run->outbound) {
		*(__u32 *)(start + LINK + 12) = server_of(run, flow);
		*(__u32 *)(start + LINK + 16) = client_of(run, flow);
		*(__be16 *)(start + LINK + 20 + 2) = port_of(flow);
	} else {
		*(__u32 *)(start + LINK + 12) = client_of(run, flow);
		*(__be16 *)(start + LINK + 20) = port_of(flow);
	}
}

// Bytes 8 to 15 of an address whose bytes 8 to 11 are zero.
static __always_inline __u64 low_half(__u32 last)
{
	return (__u64)last << 32;
}

static __always_inline void restore_v6(const struct run *run, void *start, __u32 flow)
{
	__u64 *to = start;

#pragma unroll
	for (int i = 0; i < HEADERS_V6 / 8; i++)
		to[i] = run->headers[i];
	if (run->outbound) {
		*(__u64 *)(start + LINK + 16) = low_half(server_of(run, flow));
		*(__u64 *)(start + LINK + 32) = low_half(client_of(run, flow));
		*(__be16 *)(start + LINK + 40 + 2) = port_of(flow);
	} else {
		*(__u64 *)(start + LINK + 16) = low_half(client_of(run, flow));
		*(__be16 *)(start + LINK + 40) = port_of(flow);
	}
}

static __always_inline int restore(struct run *run, void *start, void *end)
{
	__u32 flow = next_flow(run);

	if (run->length >= HEADERS_V6) {
		if (start + HEADERS_V6 > end)
			return -1;
		restore_v6(run, start, flow);
	} else {
		if (start + HEADERS_V4 > end)
			return -1;
		restore_v4(run, start, flow);
	}
	return 0;
}

SEC("xdp")
int wrap_xdp(struct xdp_md *ctx)
{
	struct run *run = run_record();
	__u32 length = ctx->data_end - ctx->data;

	if (!run)
		return XDP_ABORTED;
	if (length != run->length && bpf_xdp_adjust_head(ctx, length - run->length))
		return XDP_ABORTED;
	if (restore(run, (void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &xdp_targets, run->target);
	return XDP_ABORTED;
}

SEC("tc")
int wrap_tc(struct __sk_buff *ctx)
{
	struct run *run = run_record();

	if (!run)
		return -1;
	if (restore(run, (void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return -1;
	bpf_tail_call(ctx, &tc_targets, run->target);
	return -1;
}

SEC("xdp")
int empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

// What an outer header costs by itself: room in front, which the wrapper takes away again.
SEC("xdp")
int room_xdp(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, -20) ? XDP_ABORTED : XDP_PASS;
}

SEC("tc")
int empty_tc(struct __sk_buff *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
