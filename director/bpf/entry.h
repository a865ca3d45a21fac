// Life of a slot: taken, changing state, freed. The state word decides who may do what (layout.h), so that
// the counters of servers are exact on any number of CPUs.
#pragma once
#include "index.h"
#include "state.h"

#define ATTEMPTS 8
#define GIVING_ATTEMPTS 64 /* a slot that is not given back is lost until the tables are made anew */

static __always_inline struct server *server_at(__u32 id)
{
	return bpf_map_lookup_elem(&servers, &id);
}

// nat keeps the port for a server on all ports; the other methods always do.
static __always_inline __be16 port_at(const struct server *server, __be16 virtual_port)
{
	return server->method == METHOD_NAT && server->port ? server->port : virtual_port;
}

static __always_inline struct traffic *traffic_of(__u32 server)
{
	__u32 index = bpf_get_smp_processor_id() * constants.servers_max + server;

	return bpf_map_lookup_elem(&traffic, &index);
}

// Tells user space of a change to an entry, if it wants to know. Events of one entry come in the order of its life, and
// the last one shows it as it is now: whoever changes its word takes a place in the ring after that and looks then. An
// event of an entry that has gone on to another one, or of a state that it had before it was closed, is none.
__noinline int emit(__u32 index, __u32 change, __u32 generation, __u32 flags)
{
	struct control *control = control_record();
	struct slot *slot = slot_at(index), *template;
	struct event *event;
	__u64 word;

	if (!control || !slot || !(control->events_on & (flags & EVENT_FROM_PEER ? EVENTS_OF_PEER : EVENTS_OWN)))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&control->events_lost, 1);
		return 0;
	}
	event->slot = *slot;
	word = __sync_fetch_and_add(&slot->word, 0); // no sooner than what was copied
	if (generation_of(word) != generation || kind_of(word) == KIND_FREE || (word & ENDING && change != CHANGE_CLOSED)) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
	event->slot.word = make_word(generation, kind_of(word) & ~MAKING, change == CHANGE_CLOSED ? 0 : state_of(word));
	event->change = change;
	event->flags = flags;
	event->pad = 0;
	event->slot_index = index;
	event->at_ns = now_ns(control);
	template = slot_at(event->slot.template);
	if (template && generation_of(READ(template->word)) == event->slot.template_generation &&
	    (kind_of(READ(template->word)) & ~MAKING) == KIND_TEMPLATE)
		event->flags |= EVENT_CONTROLLED;
	bpf_ringbuf_submit(event, 0);
	return 1;
}

// Free slots form a stack through their `next_free`; its head carries a count of changes in the high half, so that a
// CPU that was overtaken notices. Slots that were never used come after those that were given back.
static __always_inline __u32 pop_free_slot(struct control *control)
{
	__u64 head = READ(control->free_head);

	for (int i = 0; i < ATTEMPTS; i++) {
		__u32 index = (__u32)head - 1;
		struct slot *slot;
		__u64 seen;

		if (!(__u32)head)
			return NONE;
		slot = slot_at(index);
		if (!slot)
			return NONE;
		seen = __sync_val_compare_and_swap(&control->free_head, head,
						   ((head >> 32) + 1) << 32 | READ(slot->next_free));
		if (seen == head)
			return index;
		head = seen;
	}
	return NONE;
}

static __always_inline __u32 take_slot(struct control *control)
{
	__u32 index = pop_free_slot(control);

	if (index == NONE) {
		if (READ(control->slots_high) >= constants.slots_max)
			return NONE;
		index = __sync_fetch_and_add(&control->slots_high, 1);
		if (index >= constants.slots_max)
			return NONE;
	}
	__sync_fetch_and_add(&control->slots_used, 1);
	return index;
}

__noinline int give_slot_back(__u32 index)
{
	struct control *control = control_record();
	struct slot *slot = slot_at(index);
	__u64 head;

	if (!control || !slot)
		return 0;
	__sync_fetch_and_add(&control->slots_used, -1);
	head = READ(control->free_head);
	for (int i = 0; i < GIVING_ATTEMPTS; i++) {
		__u64 seen;

		slot->next_free = (__u32)head;
		seen = __sync_val_compare_and_swap(&control->free_head, head, ((head >> 32) + 1) << 32 | (index + 1));
		if (seen == head)
			return 1;
		head = seen;
	}
	return 0;
}

// Takes a connection out of the counts that it is in.
static __always_inline void uncount(struct slot *slot, __u8 state)
{
	struct server *server = server_at(slot->server);
	struct slot *template = slot->template == NONE ? 0 : slot_at(slot->template);

	if (server)
		__sync_fetch_and_add(is_active(state) ? &server->active : &server->inactive, -1);
	if (template && generation_of(template->word) == slot->template_generation &&
	    (kind_of(template->word) & ~MAKING) == KIND_TEMPLATE)
		__sync_fetch_and_add(&template->controls, -1);
}

// Ends an entry whose word the caller has read. Returns 0 if it changed meanwhile; nothing is done then. Its keys stay
// taken until its end has been told, so that nobody tells of their next owner before.
__noinline int release(__u32 index, __u64 word, __u32 flags)
{
	struct slot *slot = slot_at(index);
	struct server *server;
	__u8 kind = kind_of(word);

	// An entry that has ended already is not ended again.
	if (!slot || kind == KIND_FREE || word & ENDING)
		return 0;
	if (__sync_val_compare_and_swap(&slot->word, word, word | ENDING | MAKING << 8) != word)
		return 0;
	if (!(kind & MAKING))
		emit(index, CHANGE_CLOSED, generation_of(word), flags);
	__sync_lock_test_and_set(&slot->word, make_word(generation_of(word), KIND_FREE, 0));
	if ((kind & ~MAKING) == KIND_TEMPLATE) {
		server = server_at(slot->server);
		if (server)
			__sync_fetch_and_add(&server->templates, -1);
		index_remove(index, ROLE_TEMPLATE);
	} else {
		uncount(slot, state_of(word));
		index_remove(index, ROLE_INBOUND);
		if (slot->method == METHOD_NAT)
			index_remove(index, ROLE_OUTBOUND);
	}
	give_slot_back(index);
	return 1;
}

// Moves a connection from the state in its word. Returns the word that it had, which is the given one if it was moved.
static __always_inline __u64 move_state(__u32 index, struct slot *slot, __u64 word, __u8 next, __u32 flags)
{
	struct server *server = server_at(slot->server);
	__u8 state = state_of(word);
	__u64 seen = __sync_val_compare_and_swap(&slot->word, word, make_word(generation_of(word), KIND_CONNECTION, next));

	if (seen != word)
		return seen;
	if (server && is_active(state) != is_active(next)) {
		__sync_fetch_and_add(is_active(state) ? &server->active : &server->inactive, -1);
		__sync_fetch_and_add(is_active(next) ? &server->active : &server->inactive, 1);
	}
	emit(index, CHANGE_STATE, generation_of(word), flags);
	return word;
}

// Moves a connection by one packet's flags. Returns 0 if the entry, known by its generation, ended meanwhile.
__noinline int advance(__u32 index, __u32 generation, __u32 direction, __u32 flags)
{
	struct slot *slot = slot_at(index);
	__u64 word;

	if (!slot)
		return 0;
	word = READ(slot->word);
	for (int i = 0; i < ATTEMPTS; i++) {
		__u8 next = next_state(state_of(word), slot->method, direction, flags);
		__u64 seen;

		if (kind_of(word) != KIND_CONNECTION || generation_of(word) != generation)
			return 0;
		if (next == state_of(word))
			return 1;
		seen = move_state(index, slot, word, next, 0);
		if (seen == word)
			return 1;
		word = seen;
	}
	return 0;
}

static __always_inline __u64 lifetime_ns(struct control *control, struct slot *slot, __u64 word)
{
	if (kind_of(word) == KIND_TEMPLATE)
		return (__u64)slot->timeout_ms * 1000000;
	return control->timeouts_ns[state_of(word) & (STATES_MAX - 1)];
}

static __always_inline int is_expired(struct control *control, struct slot *slot, __u64 word, __u64 now)
{
	// seen may be younger than `now` was read; the difference is signed.
	if ((__s64)(now - slot->seen_ns) < (__s64)lifetime_ns(control, slot, word))
		return 0;
	return kind_of(word) != KIND_TEMPLATE || slot->controls == 0;
}
