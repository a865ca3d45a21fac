// Choosing a real server, as director/scheduling does (docs/packet-path.md 4).
#pragma once
#include "entry.h"

static __always_inline __u32 member_at(__u32 position)
{
	__u32 *id = bpf_map_lookup_elem(&members, &position);

	return id ? *id : NONE;
}

// By remainder, since the verifier would follow every point at which a comparison could wrap.
static __always_inline __u32 after(__u32 index, __u32 count)
{
	return (index + 1) % count;
}

static __always_inline int move_position(struct service *service, __u64 before, __u32 index, __u32 weight)
{
	return __sync_val_compare_and_swap(&service->position, before, (__u64)index << 32 | weight) == before;
}

static __always_inline __u32 choose_in_turn(struct service *service, __u32 first, __u32 count)
{
	__u64 position = READ(service->position);
	__u32 index = position >> 32;

	for (__u32 i = 0; i < MEMBERS_MAX && i < count; i++) {
		struct server *server;
		__u32 id;

		index = after(index, count);
		id = member_at(first + index);
		server = server_at(id);
		if (!server || !server->weight)
			continue;
		// Another CPU may have chosen at this moment; then both take the same one.
		move_position(service, position, index, (__u32)position);
		return id;
	}
	return NONE;
}

static __always_inline __u32 choose_weighted_in_turn(struct service *service, __u32 first, __u32 count)
{
	__u64 position = READ(service->position);
	__u32 index = position >> 32, weight = (__u32)position, most = service->weight_max, step = service->weight_gcd;

	if (!most || !step)
		return NONE;
	for (__u32 i = 0; i < 2 * MEMBERS_MAX && i < 2 * count; i++) {
		struct server *server;
		__u32 id;

		index = after(index, count);
		if (index == 0)
			weight = weight > step ? weight - step : most;
		id = member_at(first + index);
		server = server_at(id);
		if (!server || !server->weight || server->weight < weight)
			continue;
		move_position(service, position, index, weight);
		return id;
	}
	return NONE;
}

static __always_inline __u32 choose_least(struct service *service, __u32 first, __u32 count)
{
	int weighted = service->scheduler == SCHEDULER_WLC;
	__u64 least_load = 0, least_weight = 0;
	__u32 least = NONE;

	for (__u32 i = 0; i < MEMBERS_MAX && i < count; i++) {
		__u32 id = member_at(first + i);
		struct server *server = server_at(id);
		__u64 load, weight;

		if (!server || !server->weight)
			continue;
		load = ((__u64)READ(server->active) << 8) + READ(server->inactive);
		weight = weighted ? server->weight : 1;
		if (least == NONE || load * least_weight < least_load * weight) {
			least = id;
			least_load = load;
			least_weight = weight;
		}
	}
	return least;
}

// A server for a new connection of a service, or NONE.
__noinline __u32 choose(__u32 service_id)
{
	struct service *service = bpf_map_lookup_elem(&services, &service_id);
	__u32 first, count;
	__u64 list;

	if (!service)
		return NONE;
	list = READ(service->members);
	first = list >> 32;
	count = (__u32)list;
	switch (service->scheduler) {
	case SCHEDULER_RR:
		return choose_in_turn(service, first, count);
	case SCHEDULER_WRR:
		return choose_weighted_in_turn(service, first, count);
	default:
		return choose_least(service, first, count);
	}
}
