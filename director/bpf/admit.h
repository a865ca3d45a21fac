// A packet without an entry: find its service, its template, a server, and make the entry
// (docs/packet-path.md 3, "nothing found").
#pragma once
#include "decide.h"

// The live template of a client; an expired one is freed.
static __always_inline __u32 find_template(struct control *control, __u32 service_id, const struct address *client, __u64 now)
{
	struct tuple key = template_key(service_id, client);
	__u32 index = (__u32)look_up(&key);
	struct slot *slot = slot_at(index);
	__u64 word;

	if (!slot)
		return NONE;
	word = READ(slot->word);
	if (kind_of(word) != KIND_TEMPLATE)
		return NONE;
	if (is_expired(control, slot, word, now)) {
		release(index, word, EVENT_EXPIRED);
		return NONE;
	}
	return index;
}

// Points a template to a server. One CPU wins the change from one server to another and moves their counts.
static __always_inline int lead_template(struct slot *slot, struct server *server, __u32 server_id, int is_fresh)
{
	__u32 before_id = __sync_lock_test_and_set(&slot->server, server_id);
	struct server *before = is_fresh ? 0 : server_at(before_id);

	if (!is_fresh && before_id == server_id)
		return 0;
	if (before)
		__sync_fetch_and_add(&before->templates, -1);
	__sync_fetch_and_add(&server->templates, 1);
	slot->destination = server->address;
	slot->server_port = port_at(server, slot->virtual_port);
	slot->method = server->method;
	return 1;
}

// Makes the client's template, or points the present one to the chosen server, and starts its life anew.
static __always_inline int refresh_template(struct service *service, struct admission *admission,
					    const struct address *client, __u32 fresh, __u64 now)
{
	struct server *server = server_at(admission->server_id);
	struct slot *slot;
	int is_old;

	if (!server)
		return 0;
	if (admission->template == NONE) {
		slot = slot_at(fresh);
		if (!slot)
			return 0;
		slot->client = *client;
		slot->virtual = service->listen;
		slot->client_port = 0;
		slot->virtual_port = service->port;
		slot->protocol = service->protocol;
		slot->service = admission->service_id;
		slot->template = NONE;
		slot->controls = 0;
		slot->packets_in = slot->packets_out = 0;
		slot->bytes_in = slot->bytes_out = 0;
		slot->timeout_ms = service->persistence_ms;
		slot->seen_ns = now;
		lead_template(slot, server, admission->server_id, 1);
		__sync_lock_test_and_set(&slot->word, make_word(generation_of(slot->word) + 1, KIND_TEMPLATE | MAKING, S_TEMPLATE));
		admission->template = fresh;
		admission->fresh = 1;
		return 1;
	}
	slot = slot_at(admission->template);
	if (!slot)
		return 0;
	is_old = slot->seen_ns != now || slot->timeout_ms != service->persistence_ms;
	slot->seen_ns = now;
	slot->timeout_ms = service->persistence_ms;
	if (slot->server != admission->server_id && lead_template(slot, server, admission->server_id, 0))
		emit(admission->template, CHANGE_STATE, generation_of(READ(slot->word)), 0);
	else if (is_old)
		emit(admission->template, CHANGE_REFRESHED, generation_of(READ(slot->word)), 0);
	return 1;
}

// Fills a taken slot.
static __always_inline int fill_connection(const struct packet *packet, const struct admission *admission, __u32 index, __u64 now)
{
	struct server *server = server_at(admission->server_id);
	struct slot *slot = slot_at(index), *template;
	__u8 state = packet->tuple.protocol == IPPROTO_TCP ? S_NONE : S_UDP;

	if (!slot || !server)
		return D_LOST_RACE;
	slot->seen_ns = now;
	slot->client = packet->tuple.from;
	slot->virtual = packet->tuple.to;
	slot->client_port = packet->tuple.from_port;
	slot->virtual_port = packet->tuple.to_port;
	slot->server_port = port_at(server, packet->tuple.to_port);
	slot->protocol = packet->tuple.protocol;
	slot->method = server->method;
	slot->service = admission->service_id;
	slot->server = admission->server_id;
	slot->destination = server->address;
	slot->template = admission->template;
	slot->packets_in = slot->packets_out = 0;
	slot->bytes_in = slot->bytes_out = 0;
	slot->timeout_ms = 0;
	slot->sequence_base = 0;
	slot->sequence_delta = slot->sequence_delta_before = 0;
	slot->sync_position = 0;
	__sync_fetch_and_add(is_active(state) ? &server->active : &server->inactive, 1);
	template = admission->template == NONE ? 0 : slot_at(admission->template);
	if (template) {
		slot->template_generation = generation_of(template->word);
		__sync_fetch_and_add(&template->controls, 1);
	}
	__sync_lock_test_and_set(&slot->word, make_word(generation_of(slot->word) + 1, KIND_CONNECTION | MAKING, state));
	return FORWARD;
}

static __always_inline int eligible(const struct server *server)
{
	return (server->flags & SERVER_PRESENT) && server->weight > 0;
}

// Makes an entry for the packet, or says why there is none; leaves the scheduler's choice in `admission`. The entry
// cannot be found before publish() was called.
__noinline int admit(const struct packet *packet, struct admission *admission, __u64 now)
{
	struct control *control = control_record();
	struct verdict verdict = { .direction = INBOUND };
	struct service *service;
	struct address client = {};
	__u32 index, fresh = NONE;
	int result;

	if (!packet || !admission || !control)
		return D_LOST_RACE;
	admission->slot_index = admission->server_id = admission->template = NONE;
	admission->fresh = 0;
	admission->service_id = service_on(&packet->tuple.to, packet->tuple.to_port, packet->tuple.protocol);
	service = service_at(admission->service_id);
	if (!service || !(service->flags & SERVICE_PRESENT))
		return LOCAL;
	if (packet->tuple.protocol == IPPROTO_TCP && !opens(packet->flags))
		return now < READ(control->grace_until_ns) ? D_UNSYNCED : LOCAL;
	if (READ(control->admit_until_ns) && now >= READ(control->admit_until_ns))
		return D_UNGUARDED;
	if (service->persistence_ms) {
		struct slot *template;

		client.word[0] = packet->tuple.from.word[0] & service->persistence_mask.word[0];
		client.word[1] = packet->tuple.from.word[1] & service->persistence_mask.word[1];
		admission->template = find_template(control, admission->service_id, &client, now);
		template = admission->template == NONE ? 0 : slot_at(admission->template);
		if (template) {
			struct server *server = server_at(template->server);

			if (server && eligible(server))
				admission->server_id = template->server;
		}
	}
	if (admission->server_id == NONE)
		admission->server_id = choose(admission->service_id);
	verdict.server = server_at(admission->server_id);
	if (!verdict.server)
		return D_NO_SERVER;
	verdict.method = verdict.server->method;
	result = check_way(packet, &verdict);
	if (result != FORWARD)
		return result;
	if (verdict.method == METHOD_NAT) {
		struct tuple outbound = {
			.from = verdict.server->address, .to = packet->tuple.from, .from_port = port_at(verdict.server, packet->tuple.to_port),
			.to_port = packet->tuple.from_port, .protocol = packet->tuple.protocol,
		};

		if (!clear_outbound(control, &outbound, now))
			return D_TUPLE_CONFLICT;
	}
	index = take_slot(control);
	if (index == NONE)
		return D_TABLE_FULL;
	if (service->persistence_ms) {
		if (admission->template == NONE) {
			fresh = take_slot(control);
			if (fresh == NONE) {
				give_slot_back(index);
				return D_TABLE_FULL;
			}
		}
		if (!refresh_template(service, admission, &client, fresh, now)) {
			give_slot_back(index);
			return D_LOST_RACE;
		}
	}
	admission->slot_index = index;
	return fill_connection(packet, admission, index, now);
}

// Hands an entry over to everyone. Its maker alone changes its word until then; what it was is returned.
// It is told before, so that nobody tells of a change to it sooner.
static __always_inline __u64 hand_over(struct slot *slot, __u32 index, __u32 flags)
{
	__u64 word = READ(slot->word) & ~((__u64)MAKING << 8);

	emit(index, CHANGE_CREATED, generation_of(word), flags);
	__sync_lock_test_and_set(&slot->word, word);
	return word;
}

// Makes a new connection, and its template if that is new, findable. Returns a reason if it cannot be.
__noinline int publish(__u32 index, __u32 fresh_template)
{
	struct slot *slot = slot_at(index), *template = slot_at(fresh_template);
	struct traffic *traffic;
	int entered = ENTERED;
	__u64 template_word = 0;

	if (!slot)
		return D_LOST_RACE;
	if (template) {
		template_word = READ(template->word);
		entered = index_enter(fresh_template, ROLE_TEMPLATE);
		if (entered == ENTERED)
			template_word = hand_over(template, fresh_template, 0);
	}
	if (entered == ENTERED)
		entered = index_enter(index, ROLE_INBOUND);
	if (entered == ENTERED && slot->method == METHOD_NAT)
		entered = index_enter(index, ROLE_OUTBOUND);
	if (entered != ENTERED) {
		release(index, READ(slot->word), 0);
		if (template) // it controls nothing now
			release(fresh_template, template_word, 0);
		return entered == NO_CELL ? D_INDEX_FULL : D_LOST_RACE;
	}
	traffic = traffic_of(slot->server);
	if (traffic)
		traffic->connections++;
	hand_over(slot, index, 0);
	return FORWARD;
}
