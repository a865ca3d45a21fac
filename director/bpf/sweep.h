// Freeing entries in ranges of slots: expired ones on the engine's tick, any on order. One call looks at
// a bounded range, so that user space can spread the work and go on where it stopped.
#pragma once
#include "entry.h"

#define SWEEP_MAX 1024

// Frees one slot if it is wanted; says whether it did.
__noinline int sweep_slot(__u32 index, __u32 kind, __u32 all, __u32 service, __u32 server)
{
	struct control *control = control_record();
	struct slot *slot = slot_at(index);
	__u64 word;

	if (!control || !slot)
		return 0;
	word = READ(slot->word);
	if (kind_of(word) != kind || (service != NONE && service != slot->service) ||
	    (server != NONE && server != slot->server))
		return 0;
	if (!all && !is_expired(control, slot, word, now_ns(control)))
		return 0;
	return release(index, word, all ? 0 : EVENT_EXPIRED);
}

static __always_inline int sweep_range(struct sweep *sweep)
{
	__u32 freed = 0, count = sweep->count;

	for (__u32 i = 0; i < SWEEP_MAX && i < count; i++)
		freed += sweep_slot(sweep->from + i, sweep->kind, sweep->all, sweep->service, sweep->server);
	sweep->freed = freed;
	return 0;
}
