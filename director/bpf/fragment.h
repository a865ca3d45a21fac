// Fragments of a datagram go where its first one went (docs/packet-path.md 2).
#pragma once
#include "decide.h"

static __always_inline struct fragment_key fragment_key(const struct packet *packet)
{
	struct fragment_key key = {
		.from = packet->tuple.from, .to = packet->tuple.to, .id = packet->fragment_id, .protocol = packet->tuple.protocol,
	};
	return key;
}

// Notes where a first fragment went, for those that follow.
__noinline int remember_fragment(const struct packet *packet, __u32 slot_index, __u32 direction)
{
	struct control *control = control_record();
	struct slot *slot = slot_at(slot_index);
	struct fragment_key key;
	struct fragment fragment = { .slot = slot_index, .direction = direction };

	if (!packet || !control || !slot)
		return 0;
	key = fragment_key(packet);
	fragment.generation = generation_of(slot->word);
	fragment.expires_ns = now_ns(control) + FRAGMENT_LIFETIME_NS;
	return !bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
}

// The entry of a later fragment as role << 32 | slot, or NONE. An expired entry is freed.
__noinline __u64 recall_fragment(const struct packet *packet)
{
	struct control *control = control_record();
	struct fragment_key key;
	struct fragment *fragment;
	struct slot *slot;
	__u64 now, word;

	if (!packet || !control)
		return NONE;
	key = fragment_key(packet);
	fragment = bpf_map_lookup_elem(&fragments, &key);
	now = now_ns(control);
	if (!fragment || fragment->expires_ns <= now)
		return NONE;
	slot = slot_at(fragment->slot);
	if (!slot)
		return NONE;
	word = READ(slot->word);
	if (generation_of(word) != fragment->generation || kind_of(word) != KIND_CONNECTION)
		return NONE;
	if (is_expired(control, slot, word, now)) {
		release(fragment->slot, word, EVENT_EXPIRED);
		return NONE;
	}
	return (__u64)fragment->direction << 32 | fragment->slot;
}

// A later fragment goes where the first one went.
static __always_inline int decide_fragment(const struct packet *packet, struct verdict *verdict)
{
	__u64 found = recall_fragment(packet);
	struct slot *slot = slot_at((__u32)found);
	int result;

	if (!slot)
		return is_virtual(&packet->tuple.to) ? D_FRAGMENT_UNKNOWN : LOCAL;
	verdict->slot = slot;
	verdict->word = READ(slot->word);
	verdict->slot_index = (__u32)found;
	verdict->direction = found >> 32;
	verdict->method = slot->method;
	verdict->server = server_at(slot->server);
	if (!verdict->server || verdict->server->flags & SERVER_LEAVING)
		return D_SERVER_REMOVED;
	result = check_way(packet, verdict);
	if (result != FORWARD)
		return result & REASON;
	count(slot, packet, verdict->direction);
	return verdict->method == METHOD_LOCAL ? LOCAL : FORWARD;
}
