// The index: from a packet's tuple to its slot, in buckets of one cache line. A key may stand in either of two
// buckets; a cell holds 8 bits of its hash and the slot, which is compared in full. Reading takes no lock. Entering
// looks whether the key is there, and then holds a lock for the write only, if nobody wrote under it meanwhile; so a
// key is entered once. Cells change by compare-and-swap.
//
// Functions that are neither inline nor static take numbers only: the kernel then verifies each of them once,
// whatever the number of its callers.
#pragma once
#include "maps.h"

#define READ(X) (*(volatile typeof(X) *)&(X))

#define SLOT_BITS 24
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define CROWDED 12 /* cells in use from which the second bucket is considered */
#define ENTER_ATTEMPTS 4

static __always_inline __u8 state_of(__u64 word) { return (__u8)word; }
static __always_inline __u8 kind_of(__u64 word) { return (__u8)(word >> 8); }
static __always_inline __u32 generation_of(__u64 word) { return (__u32)(word >> 32); }

static __always_inline __u64 make_word(__u32 generation, __u8 kind, __u8 state)
{
	return (__u64)generation << 32 | (__u32)kind << 8 | state;
}

static __always_inline struct slot *slot_at(__u32 index)
{
	return bpf_map_lookup_elem(&slots, &index);
}

static __always_inline int same_address(const struct address *a, const struct address *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

// What a tuple is to an entry. The first two are also the direction of a packet.
enum role { ROLE_INBOUND = INBOUND, ROLE_OUTBOUND = OUTBOUND, ROLE_TEMPLATE, ROLE_NONE };

// Templates are found by service and masked client; the protocol keeps them apart from connections.
#define PROTOCOL_TEMPLATE 255

static __always_inline struct tuple template_key(__u32 service, const struct address *client)
{
	struct tuple key = { .from = *client, .to = { .word = { 0, service } }, .protocol = PROTOCOL_TEMPLATE };
	return key;
}

static __always_inline struct tuple key_of(const struct slot *slot, __u32 role)
{
	struct tuple key = {};

	if (role == ROLE_TEMPLATE)
		return template_key(slot->service, &slot->client);
	key.protocol = slot->protocol;
	if (role == ROLE_INBOUND) {
		key.from = slot->client;
		key.to = slot->virtual;
		key.from_port = slot->client_port;
		key.to_port = slot->virtual_port;
	} else {
		key.from = slot->destination;
		key.to = slot->client;
		key.from_port = slot->server_port;
		key.to_port = slot->client_port;
	}
	return key;
}

static __always_inline __u32 role_in(const struct slot *slot, const struct tuple *tuple)
{
	__u8 kind = kind_of(READ(slot->word)) & ~MAKING;

	if (tuple->protocol == PROTOCOL_TEMPLATE)
		return kind == KIND_TEMPLATE && slot->service == tuple->to.word[1] &&
			       same_address(&slot->client, &tuple->from) ? ROLE_TEMPLATE : ROLE_NONE;
	if (kind != KIND_CONNECTION || slot->protocol != tuple->protocol)
		return ROLE_NONE;
	if (slot->client_port == tuple->from_port && slot->virtual_port == tuple->to_port &&
	    same_address(&slot->client, &tuple->from) && same_address(&slot->virtual, &tuple->to))
		return ROLE_INBOUND;
	if (slot->method == METHOD_NAT && slot->server_port == tuple->from_port && slot->client_port == tuple->to_port &&
	    same_address(&slot->destination, &tuple->from) && same_address(&slot->client, &tuple->to))
		return ROLE_OUTBOUND;
	return ROLE_NONE;
}

static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9fb21c651e98df25ull;
	return hash ^ (hash >> 32);
}

// Keyed, so that a stranger cannot aim for one bucket. The upper halves of IPv4 addresses are constant and skipped.
static __always_inline __u64 hash_tuple(const struct tuple *key)
{
	__u64 hash = constants.hash_key[0];

	hash = mix(hash, key->from.word[1]);
	hash = mix(hash, key->to.word[1]);
	hash = mix(hash, (__u64)key->from_port << 32 | (__u64)key->to_port << 8 | key->protocol);
	if (key->from.word[0] | key->to.word[0]) {
		hash = mix(hash, key->from.word[0]);
		hash = mix(hash, key->to.word[0]);
	}
	return mix(hash, constants.hash_key[1]);
}

// The hash's bits: tag in the top 8, second bucket from bit 32, first bucket from bit 0; at most 22 bits each.
static __always_inline __u32 tag_of(__u64 hash)
{
	__u32 tag = hash >> 56;

	return tag ? tag : 1; // no cell in use is 0
}

static __always_inline __u32 cell_of(__u64 hash, __u32 slot_index)
{
	return tag_of(hash) << SLOT_BITS | (slot_index + 1);
}

static __always_inline __u32 first_bucket(__u64 hash)
{
	return (__u32)hash & constants.index_mask;
}

static __always_inline __u32 second_bucket(__u64 hash)
{
	return (__u32)(hash >> 32) & constants.index_mask;
}

static __always_inline struct bucket *bucket_at(__u32 index)
{
	return bpf_map_lookup_elem(&connections, &index);
}

struct finding {
	__u32 slot_index; // NONE if there is no such entry
	__u32 role;
};

static __always_inline struct slot *find_in(struct bucket *bucket, __u32 tag, const struct tuple *tuple, struct finding *finding)
{
#pragma nounroll
	for (__u32 i = 0; i < CELLS_PER_BUCKET; i++) {
		__u32 cell = READ(bucket->cell[i]), role;
		struct slot *slot;

		if (cell >> SLOT_BITS != tag)
			continue;
		slot = slot_at((cell & SLOT_MASK) - 1);
		if (!slot)
			continue;
		role = role_in(slot, tuple);
		if (role == ROLE_NONE)
			continue;
		finding->slot_index = (cell & SLOT_MASK) - 1;
		finding->role = role;
		return slot;
	}
	return 0;
}

// The entry that a tuple belongs to, expired or not.
static __always_inline struct slot *index_find(const struct tuple *tuple, struct finding *finding)
{
	__u64 hash = hash_tuple(tuple);
	struct bucket *bucket = bucket_at(first_bucket(hash));
	struct slot *slot = 0;

	finding->slot_index = NONE;
	if (bucket)
		slot = find_in(bucket, tag_of(hash), tuple, finding);
	if (slot)
		return slot;
	bucket = bucket_at(second_bucket(hash));
	return bucket ? find_in(bucket, tag_of(hash), tuple, finding) : 0;
}

// The same where a call does not matter, as role << 32 | slot; NONE if there is no such entry.
__noinline __u64 look_up(const struct tuple *tuple)
{
	struct finding finding = {};

	if (!tuple || !index_find(tuple, &finding))
		return NONE;
	return (__u64)finding.role << 32 | finding.slot_index;
}

// How many cells of a bucket are in use, and the first that is not (CELLS_PER_BUCKET if none) above bit 8.
__noinline __u32 room_in(__u32 bucket_index)
{
	struct bucket *bucket = bucket_at(bucket_index);
	__u32 used = 0, empty = CELLS_PER_BUCKET;

	if (!bucket)
		return CELLS_PER_BUCKET << 8 | CELLS_PER_BUCKET;
#pragma nounroll
	for (__u32 i = 0; i < CELLS_PER_BUCKET; i++) {
		if (READ(bucket->cell[i]))
			used++;
		else if (empty == CELLS_PER_BUCKET)
			empty = i;
	}
	return empty << 8 | used;
}

// The bucket with room for a key: the first, so that finding it looks in one place, unless that is crowded.
static __always_inline __u32 roomier(__u32 first, __u32 second)
{
	__u32 used = room_in(first) & 0xff;

	return used >= CROWDED && (room_in(second) & 0xff) < used ? second : first;
}

enum entered { ENTERED, ENTERED_TWICE, NO_CELL };

// Makes a slot findable by one of its keys, unless another one has it.
__noinline int index_enter(__u32 slot_index, __u32 role)
{
	struct slot *slot = slot_at(slot_index);
	struct bucket *bucket;
	__u32 where, which;
	struct lock *lock;
	struct tuple key;
	__u64 hash, found;

	if (!slot)
		return NO_CELL;
	key = key_of(slot, role);
	hash = hash_tuple(&key);
	which = first_bucket(hash) & (LOCKS - 1);
	lock = bpf_map_lookup_elem(&locks, &which);
	where = roomier(first_bucket(hash), second_bucket(hash));
	bucket = bucket_at(where);
	if (!lock || !bucket)
		return NO_CELL;
	for (int i = 0; i < ENTER_ATTEMPTS; i++) {
		__u32 sequence = READ(lock->sequence), empty = room_in(where) >> 8;
		int entered = 0;

		if (empty >= CELLS_PER_BUCKET)
			return NO_CELL;
		found = look_up(&key);
		if (found != NONE && (__u32)found != slot_index)
			return ENTERED_TWICE;
		bpf_spin_lock(&lock->lock);
		if (lock->sequence == sequence) {
			entered = !__sync_val_compare_and_swap(&bucket->cell[empty], 0, cell_of(hash, slot_index));
			lock->sequence = sequence + entered;
		}
		bpf_spin_unlock(&lock->lock);
		if (entered)
			return ENTERED;
	}
	return ENTERED_TWICE;
}

static __always_inline int take_out(struct bucket *bucket, __u32 cell)
{
#pragma unroll
	for (int i = 0; i < CELLS_PER_BUCKET; i++)
		if (READ(bucket->cell[i]) == cell && __sync_val_compare_and_swap(&bucket->cell[i], cell, 0) == cell)
			return 1;
	return 0;
}

__noinline int index_remove(__u32 slot_index, __u32 role)
{
	struct slot *slot = slot_at(slot_index);
	struct bucket *bucket;
	struct tuple key;
	__u64 hash;

	if (!slot)
		return 0;
	key = key_of(slot, role);
	hash = hash_tuple(&key);
	bucket = bucket_at(first_bucket(hash));
	if (bucket && take_out(bucket, cell_of(hash, slot_index)))
		return 1;
	bucket = bucket_at(second_bucket(hash));
	return bucket && take_out(bucket, cell_of(hash, slot_index));
}
