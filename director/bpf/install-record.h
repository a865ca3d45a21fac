// A record of what the peer tells, and the entry that it means. Nothing in it is believed that could disturb the
// tables: numbers are looked up, and service, server and ends must agree with each other.
#pragma once
#include "admit.h"

#define NS_PER_MS 1000000ull

static __always_inline struct install *record_at(__u32 index)
{
	return bpf_map_lookup_elem(&inbox, &index);
}

static __always_inline int is_template(const struct install *record)
{
	return record->what == INSTALL_TEMPLATE_UPSERT || record->what == INSTALL_TEMPLATE_CLOSE;
}

// Whether the bytes could be an entry's at all.
static __always_inline int is_sound(const struct install *record)
{
	if (record->what > INSTALL_TEMPLATE_CLOSE || record->method > METHOD_LOCAL ||
	    is_v4(&record->client) != is_v4(&record->virtual))
		return 0;
	if (record->what != INSTALL_UPSERT)
		return 1;
	if (record->protocol == IPPROTO_UDP)
		return record->state == S_UDP;
	return record->protocol == IPPROTO_TCP && record->state < S_UDP;
}

// Whether service and server are the ones that the record's ends belong to; leaving ones have entries, too.
static __always_inline int is_known(const struct install *record)
{
	struct service *service = service_at(record->service);
	struct server *server = server_at(record->server);
	__be16 port;

	if (!service || !server || !service->flags || !server->flags || server->service != record->service ||
	    service->protocol != record->protocol || !same_address(&service->listen, &record->virtual) ||
	    !same_address(&server->address, &record->destination))
		return 0;
	if (is_template(record) ? service->port != record->virtual_port : service->port && service->port != record->virtual_port)
		return 0;
	port = record->method == METHOD_NAT && server->port ? server->port : record->virtual_port;
	return port == record->server_port;
}

// The live entry that a record is about, as role << 32 | slot; NONE if there is none. An expired one is freed.
__noinline __u64 find_meant(__u32 record_index)
{
	struct install *record = record_at(record_index);
	struct control *control = control_record();
	struct tuple key = {};
	struct slot *slot;
	__u64 found, word;

	if (!record || !control)
		return NONE;
	if (is_template(record)) {
		// what ends may belong to a server that is not known here any more: its numbers are not asked for
		key = template_key(record->what == INSTALL_TEMPLATE_CLOSE ?
					   service_on(&record->virtual, record->virtual_port, record->protocol) :
					   record->service, &record->client);
	} else {
		key.from = record->client;
		key.to = record->virtual;
		key.from_port = record->client_port;
		key.to_port = record->virtual_port;
		key.protocol = record->protocol;
	}
	found = look_up(&key);
	slot = slot_at((__u32)found);
	if (!slot)
		return NONE;
	word = READ(slot->word);
	if (kind_of(word) & MAKING || !is_expired(control, slot, word, now_ns(control)))
		return found;
	release((__u32)found, word, EVENT_EXPIRED);
	return NONE;
}

// When the last packet must have been for the record's time to be left.
static __always_inline __u64 seen_of(const struct install *record, struct control *control)
{
	__u64 lifetime = is_template(record) ? record->timeout_ms * NS_PER_MS :
					       control->timeouts_ns[record->state & (STATES_MAX - 1)];

	return now_ns(control) + record->left_ms * NS_PER_MS - lifetime;
}

// Sets it unless a packet did meanwhile; returns whether that made a difference.
static __always_inline int move_seen(struct slot *slot, __u64 before, __u64 seen)
{
	return before != seen && __sync_val_compare_and_swap(&slot->seen_ns, before, seen) == before;
}
