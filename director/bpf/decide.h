// What becomes of a packet: docs/packet-path.md, sections 3 and 9. Changes tables, never the packet.
#pragma once
#include "packet.h"
#include "schedule.h"

// An outcome is forward, local, or a reason to drop with perhaps an answer beside it.
#define FORWARD (-1)
#define LOCAL (-2)
#define REASON 0xff
#define ANSWER_RESET 0x100
#define ANSWER_TOO_BIG 0x200
#define ANSWER_TTL 0x300
#define ANSWER 0xf00

#define FRAGMENT_LIFETIME_NS 30000000000ull

// Takes what a look-up found for the verdict. An expired entry is freed instead.
static __always_inline int take_entry(struct control *control, struct slot *slot, __u32 slot_index, __u32 role, __u64 now,
				      struct verdict *verdict)
{
	__u64 word = READ(slot->word);

	if (kind_of(word) != KIND_CONNECTION) {
		verdict->busy = kind_of(word) != KIND_FREE;
		return 0;
	}
	if (is_expired(control, slot, word, now)) {
		release(slot_index, word, EVENT_EXPIRED);
		return 0;
	}
	verdict->word = word;
	verdict->slot = slot;
	verdict->slot_index = slot_index;
	verdict->direction = role;
	verdict->method = slot->method;
	return 1;
}

// The live entry of a packet; for the path that most packets take.
static __always_inline int find_entry(struct control *control, const struct tuple *tuple, __u64 now, struct verdict *verdict)
{
	struct finding finding = {};
	struct slot *slot = index_find(tuple, &finding);

	return slot && take_entry(control, slot, finding.slot_index, finding.role, now, verdict);
}

// The same for all others.
static __always_inline int look_up_entry(struct control *control, const struct tuple *tuple, __u64 now, struct verdict *verdict)
{
	__u64 found = look_up(tuple);
	struct slot *slot = slot_at((__u32)found);

	return slot && take_entry(control, slot, (__u32)found, found >> 32, now, verdict);
}

static __always_inline __u32 overhead(const struct server *server)
{
	return is_v4(&server->address) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

// Whether the packet can make its way to the server: time to live, size, next hop. FORWARD if so.
static __always_inline int check_way(const struct packet *packet, struct verdict *verdict)
{
	struct server *server = verdict->server;
	__u32 hop_index;

	if (verdict->method == METHOD_LOCAL)
		return FORWARD;
	if (packet->ttl <= 1)
		return D_TTL_EXPIRED | ANSWER_TTL;
	if (verdict->direction == OUTBOUND)
		return FORWARD;
	hop_index = READ(server->hop);
	verdict->hop = bpf_map_lookup_elem(&hops, &hop_index);
	if (!verdict->hop)
		return D_NO_ROUTE;
	if (verdict->method == METHOD_TUNNEL && packet->may_not_fragment && verdict->hop->mtu &&
	    packet->wire_length + overhead(server) > verdict->hop->mtu)
		return D_TOO_BIG | ANSWER_TOO_BIG;
	if (!(verdict->hop->flags & (HOP_RESOLVED | HOP_USABLE)))
		return D_NO_ROUTE;
	return FORWARD;
}

static __always_inline void count(struct slot *slot, const struct packet *packet, __u32 direction)
{
	struct traffic *traffic = traffic_of(slot->server);

	if (direction == INBOUND) {
		slot->packets_in++;
		slot->bytes_in += packet->ip_length;
		if (traffic) {
			traffic->packets_in++;
			traffic->bytes_in += packet->ip_length;
		}
	} else {
		slot->packets_out++;
		slot->bytes_out += packet->ip_length;
		if (traffic) {
			traffic->packets_out++;
			traffic->bytes_out += packet->ip_length;
		}
	}
}

// Whether the entry is still the one that was found. Asked again when a packet has been rewritten by it, which then was
// by one entry and not by halves of two.
static __always_inline int is_still(const struct slot *slot, __u32 generation)
{
	__u64 word = READ(slot->word);

	return kind_of(word) == KIND_CONNECTION && generation_of(word) == generation;
}

static __always_inline int accept(const struct packet *packet, struct verdict *verdict, __u64 now)
{
	struct slot *slot = verdict->slot;
	__u64 word = READ(slot->word);

	if (kind_of(word) != KIND_CONNECTION || generation_of(word) != generation_of(verdict->word))
		return D_LOST_RACE;
	slot->seen_ns = now; // before the state, whose lifetime may be shorter, and for the event
	if (packet->tuple.protocol == IPPROTO_TCP &&
	    next_state(state_of(word), slot->method, verdict->direction, packet->flags) != state_of(word) &&
	    !advance(verdict->slot_index, generation_of(word), verdict->direction, packet->flags))
		return D_LOST_RACE;
	count(slot, packet, verdict->direction);
	return verdict->method == METHOD_LOCAL ? LOCAL : FORWARD;
}

// The service that listens there, or NONE.
static __always_inline __u32 service_on(const struct address *address, __be16 port, __u8 protocol)
{
	struct service_key key = { .address = *address, .port = port, .protocol = protocol };
	__u32 *id = bpf_map_lookup_elem(&listening, &key);

	if (!id && port) {
		key.port = 0;
		id = bpf_map_lookup_elem(&listening, &key);
	}
	return id ? *id : NONE;
}

static __always_inline struct service *service_at(__u32 id)
{
	return bpf_map_lookup_elem(&services, &id);
}

// Whether the address belongs to a virtual service at all.
static __always_inline int is_virtual(const struct address *address)
{
	struct service_key key = { .address = *address };

	return bpf_map_lookup_elem(&listening, &key) != 0;
}

// A conflicting outbound tuple is freed if its connection is over. Returns 0 if it stays in the way.
static __always_inline int clear_outbound(struct control *control, const struct tuple *tuple, __u64 now)
{
	struct verdict other = {};
	__u64 word;

	if (!look_up_entry(control, tuple, now, &other))
		return 1;
	if (other.direction != OUTBOUND)
		return 0;
	word = other.word;
	if (!is_over(state_of(word), METHOD_ROUTE))
		return 0;
	return release(other.slot_index, word, 0);
}
