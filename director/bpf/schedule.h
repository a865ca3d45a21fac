// Choosing a real server, as director/scheduling does (docs/packet-path.md 4).
#pragma once
#include "entry.h"

// By remainder, since the verifier would follow every point at which a comparison could wrap.
static __always_inline __u32 after(__u32 index, __u32 count)
{
	return (index + 1) % count;
}

static __always_inline int move_position(struct service *service, __u64 before, __u32 index, __u32 weight)
{
	return __sync_val_compare_and_swap(&service->position, before, (__u64)index << 32 | weight) == before;
}

// The bodies of the loops below are functions of their own: the verifier then follows each loop once, not every
// combination of what its turns could find.
__noinline __u32 member_at(__u32 position)
{
	__u32 *id = bpf_map_lookup_elem(&members, &position);

	return id ? *id : NONE;
}

__noinline __u32 weight_of(__u32 id)
{
	struct server *server = server_at(id);

	return server ? server->weight : 0;
}

// The weight that a server must have in this turn: one step less each time the list begins again.
__noinline __u32 weight_wanted(__u32 index, __u32 weight, __u32 most, __u32 step)
{
	if (index)
		return weight;
	return weight > step ? weight - step : most;
}

// Whether one server is loaded less than another for its weight; the other may be NONE.
__noinline int is_lighter(__u32 id, __u32 other, __u32 weighted)
{
	struct server *one = server_at(id), *two = server_at(other);
	__u64 load, load_two;

	if (!one || !one->weight)
		return 0;
	if (!two)
		return 1;
	load = ((__u64)READ(one->active) << 8) + READ(one->inactive);
	load_two = ((__u64)READ(two->active) << 8) + READ(two->inactive);
	return weighted ? load * two->weight < load_two * one->weight : load < load_two;
}

static __always_inline __u32 choose_in_turn(struct service *service, __u32 first, __u32 count)
{
	__u64 position = READ(service->position);
	__u32 index = position >> 32;

	for (__u32 i = 0; i < MEMBERS_MAX && i < count; i++) {
		__u32 id;

		index = after(index, count);
		id = member_at(first + index);
		if (!weight_of(id))
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
		__u32 id, its;

		index = after(index, count);
		weight = weight_wanted(index, weight, most, step);
		id = member_at(first + index);
		its = weight_of(id);
		if (!its || its < weight)
			continue;
		move_position(service, position, index, weight);
		return id;
	}
	return NONE;
}

static __always_inline __u32 choose_least(struct service *service, __u32 first, __u32 count)
{
	__u32 weighted = service->scheduler == SCHEDULER_WLC, least = NONE;

	for (__u32 i = 0; i < MEMBERS_MAX && i < count; i++) {
		__u32 id = member_at(first + i);

		if (is_lighter(id, least, weighted))
			least = id;
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
