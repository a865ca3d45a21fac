// A template of the peer's: made here, renewed, or led to the server that the peer has for it.
#pragma once
#include "install-record.h"

__noinline int make_template(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct server *server;
	struct slot *slot;
	__u32 index;
	int entered;

	if (!record || !control)
		return R_LOST_RACE;
	server = server_at(record->server);
	if (!server)
		return R_UNKNOWN_SERVER;
	index = take_slot(control);
	slot = slot_at(index);
	if (!slot)
		return R_TABLE_FULL;
	record->slot_index = index;
	slot->client = record->client;
	slot->virtual = record->virtual;
	slot->client_port = 0;
	slot->virtual_port = record->virtual_port;
	slot->protocol = record->protocol;
	slot->service = record->service;
	slot->template = NONE;
	slot->controls = 0;
	slot->packets_in = slot->packets_out = 0;
	slot->bytes_in = slot->bytes_out = 0;
	slot->timeout_ms = record->timeout_ms;
	slot->seen_ns = seen_of(record, control);
	lead_template(slot, server, record->server, 1);
	slot->method = record->method;
	slot->server_port = record->server_port;
	__sync_lock_test_and_set(&slot->word, make_word(generation_of(slot->word) + 1, KIND_TEMPLATE | MAKING, S_TEMPLATE));
	entered = index_enter(index, ROLE_TEMPLATE);
	if (entered != ENTERED || !READ(server->flags)) {
		release(index, READ(slot->word), EVENT_FROM_PEER);
		return entered == NO_CELL ? R_INDEX_FULL : entered == ENTERED_TWICE ? R_LOST_RACE : R_UNKNOWN_SERVER;
	}
	hand_over(slot, index, EVENT_FROM_PEER);
	return R_CREATED;
}

__noinline int update_template(__u32 record_index, __u32 index, __u64 word)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct slot *slot = slot_at(index);
	struct server *server;
	__u64 before, seen, ends, ended;
	int result = R_UNCHANGED;

	if (!record || !control || !slot || kind_of(word) != KIND_TEMPLATE)
		return R_LOST_RACE;
	server = server_at(record->server);
	if (slot->server != record->server) {
		if (!(record->flags & INSTALL_AUTHORITATIVE) || !server)
			return R_CONFLICT;
		lead_template(slot, server, record->server, 0);
		slot->method = record->method;
		slot->server_port = record->server_port;
		result = R_REPLACED;
	}
	before = READ(slot->seen_ns);
	seen = seen_of(record, control);
	ended = before + slot->timeout_ms * NS_PER_MS;
	ends = seen + record->timeout_ms * NS_PER_MS;
	if (ends != ended && (record->flags & INSTALL_AUTHORITATIVE || (__s64)(ends - ended) > 0)) {
		// The longer of both first, so that it never looks expired between the two.
		if ((__s64)(seen - before) > 0)
			move_seen(slot, before, seen);
		slot->timeout_ms = record->timeout_ms;
		if ((__s64)(seen - before) < 0)
			move_seen(slot, before, seen);
		if (result == R_UNCHANGED)
			result = R_UPDATED;
	}
	if (result != R_UNCHANGED)
		emit(index, result == R_REPLACED ? CHANGE_STATE : CHANGE_REFRESHED, generation_of(word), EVENT_FROM_PEER);
	return result;
}

__noinline int upsert_template(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct slot *slot;
	__u64 found, word;

	if (!record || !is_known(record))
		return R_UNKNOWN_SERVER;
	found = find_meant(record_index);
	slot = slot_at((__u32)found);
	if (!slot)
		return make_template(record_index);
	record->slot_index = (__u32)found;
	word = READ(slot->word);
	return update_template(record_index, (__u32)found, word);
}
