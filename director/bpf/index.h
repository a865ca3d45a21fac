// The index: from a packet's tuple to its slot, in buckets of one cache line. A key may stand in either of
// two buckets; the cell holds 40 bits of its hash and the slot, and the slot is compared in full. Reading
// takes no lock; entering a key holds one of the locks, so that it is entered once; cells change by
// compare-and-swap.
//
// Functions that are neither inline nor static take numbers only: the kernel then verifies each of them once,
// whatever the number of its callers.
#pragma once
#include "maps.h"

#define SLOT_BITS 24
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define CROWDED 6 /* from this many on, the second bucket is considered */

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

static __always_inline __u64 tag_of(__u64 hash)
{
	return hash >> SLOT_BITS;
}

static __always_inline __u32 first_bucket(__u64 hash)
{
	return (__u32)hash & SLOT_MASK & constants.index_mask;
}

static __always_inline __u32 second_bucket(__u64 hash)
{
	return (__u32)(tag_of(hash) * 0x9e3779b1u >> 7) & constants.index_mask;
}

static __always_inline struct bucket *bucket_at(__u32 index)
{
	return bpf_map_lookup_elem(&connections, &index);
}

static __always_inline struct slot *slot_at(__u32 index)
{
	return bpf_map_lookup_elem(&slots, &index);
}

#define READ(X) (*(volatile typeof(X) *)&(X))

static __always_inline __u64 scan(struct bucket *bucket, __u64 tag)
{
#pragma unroll
	for (int i = 0; i < CELLS_PER_BUCKET; i++) {
		__u64 cell = READ(bucket->cell[i]);

		if (cell >> SLOT_BITS == tag && cell)
			return cell;
	}
	return 0;
}

// Slot of the first cell with this hash, or NONE; the caller compares the slot.
static __always_inline __u32 index_find(__u64 hash)
{
	struct bucket *bucket = bucket_at(first_bucket(hash));
	__u64 cell = 0;

	if (bucket)
		cell = scan(bucket, tag_of(hash));
	if (!cell) {
		bucket = bucket_at(second_bucket(hash));
		if (bucket)
			cell = scan(bucket, tag_of(hash));
	}
	return (__u32)(cell & SLOT_MASK) - 1;
}

static __always_inline int occupancy(struct bucket *bucket)
{
	int used = 0;

#pragma unroll
	for (int i = 0; i < CELLS_PER_BUCKET; i++)
		used += READ(bucket->cell[i]) != 0;
	return used;
}

static __always_inline int put(struct bucket *bucket, __u64 cell)
{
#pragma unroll
	for (int i = 0; i < CELLS_PER_BUCKET; i++)
		if (!READ(bucket->cell[i]) && !__sync_val_compare_and_swap(&bucket->cell[i], 0, cell))
			return 1;
	return 0;
}

enum entered { ENTERED, ENTERED_TWICE, NO_CELL };

// Enters a key for a slot, unless it is there already.
__noinline int index_enter(__u64 hash, __u32 slot_index)
{
	__u64 cell = tag_of(hash) << SLOT_BITS | (slot_index + 1);
	__u32 one = first_bucket(hash), two = second_bucket(hash), which = one & (LOCKS - 1);
	struct bucket *first = bucket_at(one), *second = bucket_at(two);
	struct lock *lock = bpf_map_lookup_elem(&locks, &which);
	int result = NO_CELL;

	if (!first || !second || !lock)
		return NO_CELL;
	bpf_spin_lock(&lock->lock);
	if (scan(first, tag_of(hash)) || scan(second, tag_of(hash))) {
		result = ENTERED_TWICE;
	} else {
		int crowd = occupancy(first);
		int turn = crowd >= CROWDED && occupancy(second) < crowd;

		if (put(turn ? second : first, cell) || put(turn ? first : second, cell))
			result = ENTERED;
	}
	bpf_spin_unlock(&lock->lock);
	return result;
}

static __always_inline int take_out(struct bucket *bucket, __u64 cell)
{
#pragma unroll
	for (int i = 0; i < CELLS_PER_BUCKET; i++)
		if (READ(bucket->cell[i]) == cell && __sync_val_compare_and_swap(&bucket->cell[i], cell, 0) == cell)
			return 1;
	return 0;
}

__noinline int index_remove(__u64 hash, __u32 slot_index)
{
	__u64 cell = tag_of(hash) << SLOT_BITS | (slot_index + 1);
	struct bucket *bucket = bucket_at(first_bucket(hash));

	if (bucket && take_out(bucket, cell))
		return 1;
	bucket = bucket_at(second_bucket(hash));
	return bucket && take_out(bucket, cell);
}
