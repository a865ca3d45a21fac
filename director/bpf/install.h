// Putting in what the peer tells of its entries, record by record out of the inbox (docs/packet-path.md 11). Each step
// is a function of numbers, as in index.h.
#pragma once
#include "install-connection.h"
#include "install-template.h"

// Ends the entry if it leads where the record says.
__noinline int close_entry(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct slot *slot;
	__u64 found, word;

	if (!record)
		return R_LOST_RACE;
	found = find_meant(record_index);
	slot = slot_at((__u32)found);
	if (!slot)
		return R_ABSENT;
	word = READ(slot->word);
	if (kind_of(word) != (is_template(record) ? KIND_TEMPLATE : KIND_CONNECTION))
		return R_LOST_RACE;
	record->slot_index = (__u32)found;
	if (found >> 32 == ROLE_OUTBOUND || !same_address(&slot->destination, &record->destination) ||
	    slot->server_port != record->server_port)
		return R_CONFLICT;
	if (record->flags & INSTALL_EXPIRED && !(record->flags & INSTALL_AUTHORITATIVE))
		return R_UNCHANGED;
	return release((__u32)found, word, EVENT_FROM_PEER) ? R_CLOSED : R_LOST_RACE;
}

__noinline int install_record(__u32 record_index)
{
	struct install *record = record_at(record_index);
	int result;

	if (!record)
		return 0;
	record->slot_index = NONE;
	if (!is_sound(record))
		result = R_INVALID;
	else if (record->what == INSTALL_UPSERT)
		result = upsert_connection(record_index);
	else if (record->what == INSTALL_TEMPLATE_UPSERT)
		result = upsert_template(record_index);
	else
		result = close_entry(record_index);
	record->result = result;
	return 1;
}

static __always_inline int install_range(const struct batch *batch)
{
	for (__u32 i = 0; i < INBOX_RECORDS && i < batch->count; i++)
		install_record(batch->from + i);
	return 0;
}
