// A connection of the peer's: made here, brought up to date, or led to the server that the peer has for it.
// Guarantees that whoever meets it finds all of it or is turned away: it is its maker's own (MAKING) until it is whole.
#pragma once
#include "install-record.h"

// Whether no other connection's packets fit the record's way back; one that is over makes room (docs/packet-path.md 3,
// nothing found, 4). `own` is the entry that is to be led elsewhere.
__noinline int free_way_back(__u32 record_index, __u32 own)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct tuple key = {};
	struct slot *slot;
	__u64 found, word;

	if (!record || !control)
		return 0;
	if (record->method != METHOD_NAT)
		return 1;
	key.from = record->destination;
	key.to = record->client;
	key.from_port = record->server_port;
	key.to_port = record->client_port;
	key.protocol = record->protocol;
	found = look_up(&key);
	slot = slot_at((__u32)found);
	if (!slot || (__u32)found == own)
		return 1;
	word = READ(slot->word);
	if (kind_of(word) == KIND_CONNECTION && is_expired(control, slot, word, now_ns(control)))
		return release((__u32)found, word, EVENT_EXPIRED);
	return found >> 32 == ROLE_OUTBOUND && kind_of(word) == KIND_CONNECTION && is_over(state_of(word), METHOD_ROUTE) &&
	       release((__u32)found, word, 0);
}

// Lets a connection that nobody else can change refer to its client's template, if there is one.
__noinline int refer_to_template(__u32 record_index, __u32 index)
{
	struct install *record = record_at(record_index);
	struct slot *slot = slot_at(index), *template;
	struct service *service;
	struct tuple key;
	struct address client;
	__u32 found;
	__u64 word;

	if (!record || !slot || !(record->flags & INSTALL_CONTROLLED))
		return 0;
	service = service_at(record->service);
	if (!service)
		return 0;
	client.word[0] = record->client.word[0] & service->persistence_mask.word[0];
	client.word[1] = record->client.word[1] & service->persistence_mask.word[1];
	key = template_key(record->service, &client);
	found = (__u32)look_up(&key);
	template = slot_at(found);
	if (!template)
		return 0;
	word = READ(template->word);
	if (kind_of(word) != KIND_TEMPLATE)
		return 0;
	slot->template_generation = generation_of(word);
	slot->template = found;
	__sync_fetch_and_add(&template->controls, 1);
	return 1;
}

static __always_inline int has_template(const struct slot *slot)
{
	struct slot *template = slot->template == NONE ? 0 : slot_at(slot->template);

	return template && generation_of(READ(template->word)) == slot->template_generation &&
	       (kind_of(READ(template->word)) & ~MAKING) == KIND_TEMPLATE;
}

static __always_inline void take_counters(struct slot *slot, const struct install *record)
{
	if (record->flags & INSTALL_COUNTERS) {
		if (record->packets_in > slot->packets_in)
			slot->packets_in = record->packets_in;
		if (record->packets_out > slot->packets_out)
			slot->packets_out = record->packets_out;
		if (record->bytes_in > slot->bytes_in)
			slot->bytes_in = record->bytes_in;
		if (record->bytes_out > slot->bytes_out)
			slot->bytes_out = record->bytes_out;
	}
	if (record->flags & INSTALL_SEQUENCE) {
		slot->sequence_base = record->sequence_base;
		slot->sequence_delta = record->sequence_delta;
		slot->sequence_delta_before = record->sequence_delta_before;
	}
}

// Fills a slot that is this maker's own and counts it; its word says so from then on.
__noinline int fill_from(__u32 record_index, __u32 index, __u32 generation)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct slot *slot = slot_at(index);
	struct server *server;
	__u8 state;

	if (!record || !control || !slot)
		return 0;
	state = record->state & (STATES_MAX - 1);
	slot->server = record->server;
	server = server_at(slot->server);
	if (!server)
		return 0;
	slot->seen_ns = seen_of(record, control);
	slot->client = record->client;
	slot->virtual = record->virtual;
	slot->client_port = record->client_port;
	slot->virtual_port = record->virtual_port;
	slot->server_port = record->server_port;
	slot->protocol = record->protocol;
	slot->method = record->method;
	slot->service = record->service;
	slot->destination = record->destination;
	slot->template = NONE;
	slot->packets_in = slot->packets_out = 0;
	slot->bytes_in = slot->bytes_out = 0;
	slot->timeout_ms = 0;
	slot->sequence_base = 0;
	slot->sequence_delta = slot->sequence_delta_before = 0;
	slot->sync_position = 0;
	take_counters(slot, record);
	__sync_fetch_and_add(is_active(state) ? &server->active : &server->inactive, 1);
	refer_to_template(record_index, index);
	__sync_lock_test_and_set(&slot->word, make_word(generation, KIND_CONNECTION | MAKING, state));
	return 1;
}

// Makes a connection that was filled findable, where it is not yet. `keys_held`: its inbound key leads to it already.
__noinline int publish_from(__u32 index, __u32 keys_held)
{
	struct slot *slot = slot_at(index);
	struct server *server;
	int entered = ENTERED;

	if (!slot)
		return R_LOST_RACE;
	if (!keys_held)
		entered = index_enter(index, ROLE_INBOUND);
	if (entered == ENTERED && slot->method == METHOD_NAT)
		entered = index_enter(index, ROLE_OUTBOUND);
	server = server_at(slot->server);
	// The server may have been forgotten since it was looked at; from its count on, it cannot be.
	if (entered != ENTERED || !server || !READ(server->flags)) {
		release(index, READ(slot->word), EVENT_FROM_PEER);
		return entered == NO_CELL ? R_INDEX_FULL : entered == ENTERED_TWICE ? R_LOST_RACE : R_UNKNOWN_SERVER;
	}
	hand_over(slot, index, EVENT_FROM_PEER);
	return R_CREATED;
}

__noinline int make_connection(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct slot *slot;
	__u32 index;

	if (!record || !control)
		return R_LOST_RACE;
	if (!free_way_back(record_index, NONE))
		return R_CONFLICT;
	index = take_slot(control);
	slot = slot_at(index);
	if (!slot)
		return R_TABLE_FULL;
	record->slot_index = index;
	if (!fill_from(record_index, index, generation_of(slot->word) + 1)) {
		give_slot_back(index);
		return R_UNKNOWN_SERVER;
	}
	return publish_from(index, 0);
}

// Leads an entry elsewhere, in its place: packets that meet it meanwhile are lost, not answered with a reset.
__noinline int replace_connection(__u32 record_index, __u32 index, __u64 word)
{
	struct slot *slot = slot_at(index);
	int result;

	if (!slot || kind_of(word) != KIND_CONNECTION)
		return R_LOST_RACE;
	if (!free_way_back(record_index, index))
		return R_CONFLICT;
	if (__sync_val_compare_and_swap(&slot->word, word, word | MAKING << 8) != word)
		return R_LOST_RACE;
	emit(index, CHANGE_CLOSED, generation_of(word), EVENT_FROM_PEER);
	if (slot->method == METHOD_NAT)
		index_remove(index, ROLE_OUTBOUND);
	uncount(slot, state_of(word));
	fill_from(record_index, index, generation_of(word) + 1);
	result = publish_from(index, 1);
	return result == R_CREATED ? R_REPLACED : result;
}

// Moves a connection to the record's state, if it is still the same one.
__noinline int take_state(__u32 record_index, __u32 index, __u32 generation)
{
	struct install *record = record_at(record_index);
	struct slot *slot = slot_at(index);
	__u64 word, seen;
	__u8 state;

	if (!record || !slot)
		return 0;
	state = record->state & (STATES_MAX - 1);
	word = READ(slot->word);
	for (int i = 0; i < ATTEMPTS; i++) {
		if (kind_of(word) != KIND_CONNECTION || generation_of(word) != generation || state_of(word) == state)
			return 0;
		seen = move_state(index, slot, word, state, EVENT_FROM_PEER);
		if (seen == word)
			return 1;
		word = seen;
	}
	return 0;
}

// Brings an entry that leads to the record's server up to date.
__noinline int update_connection(__u32 record_index, __u32 index, __u64 word)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct slot *slot = slot_at(index);
	__u64 before, seen;
	int changed = 0, longer;

	if (!record || !control || !slot)
		return R_LOST_RACE;
	before = READ(slot->seen_ns);
	seen = seen_of(record, control);
	if (!(record->flags & INSTALL_AUTHORITATIVE) && (__s64)(seen - before) < 0)
		return R_UNCHANGED;
	// In this order it never looks expired between the two.
	longer = control->timeouts_ns[record->state & (STATES_MAX - 1)] > control->timeouts_ns[state_of(word) & (STATES_MAX - 1)];
	if (longer)
		changed |= take_state(record_index, index, generation_of(word));
	changed |= move_seen(slot, before, seen);
	if (!longer)
		changed |= take_state(record_index, index, generation_of(word));
	if (generation_of(READ(slot->word)) == generation_of(word))
		take_counters(slot, record);
	if (record->flags & INSTALL_CONTROLLED && !has_template(slot)) {
		word = READ(slot->word);
		if (kind_of(word) == KIND_CONNECTION && same_address(&slot->client, &record->client) &&
		    __sync_val_compare_and_swap(&slot->word, word, word | MAKING << 8) == word) {
			changed |= refer_to_template(record_index, index);
			__sync_lock_test_and_set(&slot->word, word);
		}
	}
	return changed ? R_UPDATED : R_UNCHANGED;
}

__noinline int upsert_connection(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct slot *slot;
	__u64 found, word;

	if (!record || !is_known(record))
		return R_UNKNOWN_SERVER;
	found = find_meant(record_index);
	slot = slot_at((__u32)found);
	if (!slot)
		return make_connection(record_index);
	record->slot_index = (__u32)found;
	word = READ(slot->word);
	if (kind_of(word) != KIND_CONNECTION)
		return R_LOST_RACE;
	if (found >> 32 != ROLE_INBOUND)
		return R_CONFLICT;
	if (slot->server == record->server && slot->method == record->method && slot->server_port == record->server_port)
		return update_connection(record_index, (__u32)found, word);
	// Whoever says so: a connection that is over here does not stand in the way of one that has begun with its ports.
	if (!(record->flags & INSTALL_AUTHORITATIVE) &&
	    (!is_over(state_of(word), slot->method) || is_over(record->state, record->method)))
		return R_CONFLICT;
	return replace_connection(record_index, (__u32)found, word);
}
