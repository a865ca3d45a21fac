// The tables. Sizes marked 1 are set by the loader. All arrays are mapped into user space as well.
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "layout.h"

#define MAPPED_ARRAY(NAME, TYPE)                       \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);      \
		__uint(map_flags, BPF_F_MMAPABLE);     \
		__uint(max_entries, 1);                \
		__type(key, __u32);                    \
		__type(value, TYPE);                   \
	} NAME SEC(".maps")

MAPPED_ARRAY(control, struct control);
MAPPED_ARRAY(slots, struct slot);
MAPPED_ARRAY(connections, struct bucket); // the index: key -> slot
MAPPED_ARRAY(services, struct service);
MAPPED_ARRAY(members, __u32);
MAPPED_ARRAY(servers, struct server);
MAPPED_ARRAY(hops, struct hop);
MAPPED_ARRAY(traffic, struct traffic); // cpu * servers_max + server
MAPPED_ARRAY(totals, struct totals);   // cpu
MAPPED_ARRAY(inbox, struct install);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct service_key);
	__type(value, __u32);
} listening SEC(".maps");

struct lock {
	struct bpf_spin_lock lock;
	__u32 sequence; // of keys that were entered under it
};

// One of these is held while a key is entered, so that two CPUs cannot enter the same key.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOCKS);
	__type(key, __u32);
	__type(value, struct lock);
} locks SEC(".maps");

// Which entry the first fragment of a datagram belonged to; the oldest make room.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragment_key);
	__type(value, struct fragment);
} fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} events SEC(".maps");

const volatile struct constants constants SEC(".rodata.constants") = {};

static __always_inline struct control *control_record(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&control, &zero);
}

// CLOCK_MONOTONIC to the tick. The kernel replaces bpf_jiffies64 by a load, which saves a call on each packet.
static __always_inline __u64 now_ns(struct control *control)
{
	if (constants.test_clock)
		return *(volatile __u64 *)&control->test_now_ns;
	return bpf_jiffies64() * constants.tick_ns + constants.ticks_began_ns;
}
