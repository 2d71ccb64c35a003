// SPDX-License-Identifier: MIT
// Wards: what the secure library keeps between the program and the thread heaps. Invariants:
//  1. Every object of the malloc family is warded: a small one by its tag (ward/tag.h), a large one
//     by pages that cannot be touched on both sides and an entry in a table, one of no bytes by an
//     address that cannot be touched at all.
//  2. A thread's ward has, for each class, a pool that allocations are drawn from at random and a
//     ring that frees pass through: an object comes back after as many frees as the ring is long.
//  3. No list runs through an object that was freed, until its ward gives it to the thread heap.
//  4. What is in a pool reads zero, and is held against it when it is handed out.
//  5. A ward belongs to one thread. When the thread ends, the ward waits for the next one.
#ifndef BP_WARD_WARD_H
#define BP_WARD_WARD_H

#include "reserve/strict.h"
#include "thread/heap_hot.h"
#include "thread/large.h"
#include "ward/tag.h"

enum {
    BP_WARD_POOL_MAX = 64,
    BP_WARD_SMALL_MAX = BP_SMALL_MAX - BP_TAG_BYTES,
    BP_WARD_SPAN_BYTES = 65536 - BP_SPAN_GUARD_BYTES,
};

struct bp_ward_bin {
    uint32_t object_bytes; // 0: there is no ward, or no such class
    uint16_t count;        // in the pool
    uint16_t capacity;     // of the pool
    uint16_t at, mask;     // in the ring
    void *next;            // drawn ahead, so that it is in the cache when it is wanted
    void *pool[BP_WARD_POOL_MAX];
    void *ring[BP_WARD_POOL_MAX];
};

struct bp_ward {
    uint64_t random;
    struct bp_ward *next; // parked
    struct bp_ward_bin bin[BP_CLASS_COUNT];
};

extern BP_HIDDEN _Thread_local struct bp_ward *bp_ward_cell;
extern BP_HIDDEN const uint8_t *const bp_ward_classes; // of (n + 8 + 15) / 16

// What the hot path leaves. n_bytes in a place that is aligned, reading zero if asked.
BP_NOINLINE void *bp_ward_alloc(size_t n_bytes, size_t align, bool zero);
BP_NOINLINE enum bp_verdict bp_ward_free(void *object);
// Bytes that were asked for.
size_t bp_ward_usable(const void *object, enum bp_verdict *ret_verdict);
// NULL with BP_DONE: memory has run out, the object is untouched. n_bytes > 0.
void *bp_ward_resize(void *object, size_t n_bytes, enum bp_verdict *ret_verdict);
// The object came from new (or new[]); it is to go by delete (or delete[]); it has n_bytes.
BP_NOINLINE void *bp_ward_mark(void *object, enum bp_kind kind);
BP_NOINLINE void bp_ward_expect_kind(const void *object, enum bp_kind kind);
BP_NOINLINE void bp_ward_expect_size(const void *object, size_t n_bytes);

// The pool is full: half of it goes to the thread heap, and the object into it.
BP_NOINLINE void bp_ward_pool_push(struct bp_ward_bin *bin, void *object);

// Crimes, one line each.
BP_COLD BP_NORETURN void bp_ward_die_free(const void *object, size_t place_bytes);
BP_COLD BP_NORETURN void bp_ward_die_overflow(const void *object, size_t class_bytes);
BP_COLD BP_NORETURN void bp_ward_die_written(const void *object, size_t class_bytes);
BP_COLD BP_NORETURN void bp_ward_die_kind(const void *object, enum bp_kind kind);
BP_COLD BP_NORETURN void bp_ward_die_size(const void *object, size_t n_bytes, size_t is_bytes);

// A linear congruential generator (Knuth, 3.2.1); its upper half is used.
BP_HOT uint32_t bp_ward_random(struct bp_ward *ward, uint32_t below)
{
    ward->random = ward->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((ward->random >> 32) * below >> 32);
}

BP_HOT void bp_ward_draw_ahead(struct bp_ward *ward, struct bp_ward_bin *bin)
{
    bin->next = NULL;
    if (BP_UNLIKELY(!bin->count))
        return;
    uint32_t at = bp_ward_random(ward, bin->count);
    char *object = bin->pool[at];
    bin->pool[at] = bin->pool[--bin->count];
    bin->next = object;
    __builtin_prefetch(object, 1);
    __builtin_prefetch(bp_tag_cell(object, bin->object_bytes), 1);
}

// bin->next is not NULL.
BP_HOT void *bp_ward_draw(struct bp_ward *ward, struct bp_ward_bin *bin)
{
    void *object = bin->next;
    bp_ward_draw_ahead(ward, bin);
    if (BP_UNLIKELY(!bp_place_is_zero(object, bin->object_bytes)))
        bp_ward_die_written(object, bin->object_bytes);
    return object;
}

BP_HOT void *bp_ward_try_alloc(size_t n_bytes)
{
    if (BP_UNLIKELY(n_bytes - 1 >= BP_WARD_SMALL_MAX))
        return NULL;
    struct bp_ward *ward = bp_ward_cell;
    struct bp_ward_bin *bin = &ward->bin[bp_ward_classes[(n_bytes + BP_TAG_BYTES + 15) >> 4]];
    if (BP_UNLIKELY(!bin->next))
        return NULL;
    char *object = bp_ward_draw(ward, bin);
    bp_tag_open(object, bin->object_bytes, n_bytes, BP_KIND_MALLOC);
    return object;
}

// Does the tag of the place before, if there is one, still say what it said? It ends just before
// the object: who wrote there wrote before its own block, or behind another's.
BP_HOT bool bp_ward_rim_is_intact(const char *object, size_t place_bytes)
{
    if (!((size_t)object % BP_CHUNK_BYTES))
        return true;
    const uint64_t *cell = (const uint64_t *)(const void *)object - 1;
    uint64_t tag = bp_peek_word_relaxed(cell);
    return !tag | bp_tag_is_for(bp_tag_decode(tag), object - place_bytes);
}

// The object is in use, and nobody wrote beside it; returns what its tag says.
BP_HOT uint64_t bp_ward_verify(const void *object, size_t place_bytes)
{
    if (BP_UNLIKELY((size_t)object % BP_CHUNK_BYTES + place_bytes > BP_WARD_SPAN_BYTES))
        bp_ward_die_free(object, place_bytes);
    uint64_t decoded = bp_tag_decode(*bp_tag_cell(object, place_bytes));
    if (BP_UNLIKELY(!bp_tag_is_for(decoded, object)))
        bp_ward_die_free(object, place_bytes);
    return decoded;
}

typedef uint64_t bp_aligned_unit __attribute__((vector_size(16), may_alias));

// At least one unit: as in bp_place_is_zero. No call of memset: that would ask us. So the alignment
// is told, without which a processor without vectors would need too many stores.
BP_HOT void bp_units_clear(char *object, size_t n_bytes)
{
    const bp_aligned_unit zero = {0, 0};
    bp_aligned_unit *at = (bp_aligned_unit *)(void *)object;
    bp_aligned_unit *last = (bp_aligned_unit *)(void *)(object + n_bytes) - 1;
    if (n_bytes < 64) {
        at[n_bytes >= 32] = zero;
        at[0] = last[0] = zero;
        return;
    }
    for (last -= 3; at < last; at += 4) {
        at[0] = at[1] = at[2] = at[3] = zero;
        __asm__ volatile("" ::: "memory"); // or it becomes a call
    }
    last[0] = last[1] = last[2] = last[3] = zero;
}

// What was asked for, the canary behind it, and the tag; the rest reads zero.
BP_HOT void bp_ward_clear(char *object, size_t place_bytes, size_t n_bytes)
{
    bp_units_clear(object, bp_min(bp_align_up(n_bytes + 8, 16), place_bytes));
    bp_poke_word_relaxed(bp_tag_cell(object, place_bytes), 0);
}

// The object of the class that the address lies in.
BP_HOT char *bp_ward_object_around(const char *at, unsigned class_index)
{
    size_t offset = (size_t)at % BP_CHUNK_BYTES;
    size_t number = offset * bp_class_inverse[class_index] >> 32;
    return (char *)(size_t)at - offset + number * bp_class[class_index].object_bytes;
}

// What is to be written lies within one object that is in use, or not among small objects.
BP_HOT void bp_ward_expect_writable(const void *to, size_t n_bytes)
{
    size_t offset = (size_t)to - (size_t)bp_heap_base();
    if (BP_LIKELY(offset >> 4 >= bp_hot.arena_units) || !n_bytes)
        return;
    unsigned class_index = bp_key_class(bp_chunk_map()[offset >> BP_CHUNK_SHIFT]);
    size_t place_bytes = bp_class[class_index].object_bytes;
    if (!class_index)
        return;
    const char *object = bp_ward_object_around(to, class_index);
    if (BP_UNLIKELY((size_t)object % BP_CHUNK_BYTES + place_bytes > BP_WARD_SPAN_BYTES))
        bp_ward_die_written(object, place_bytes);
    uint64_t tag = bp_peek_word_relaxed(bp_tag_cell(object, place_bytes));
    uint64_t decoded = bp_tag_decode(tag);
    if (BP_UNLIKELY(!bp_tag_is_for(decoded, object)))
        bp_ward_die_written(object, place_bytes);
    size_t end = (size_t)((const char *)to - object) + n_bytes;
    if (BP_UNLIKELY(end < n_bytes || end > bp_tag_bytes(decoded)))
        bp_ward_die_overflow(object, place_bytes);
}

// The object is not its user's any more, and reads zero.
BP_HOT void bp_ward_close(char *object, size_t place_bytes)
{
    uint64_t decoded = bp_ward_verify(object, place_bytes);
    size_t n_bytes = bp_tag_bytes(decoded);
    if (BP_UNLIKELY(!bp_slack_is_intact(object, place_bytes, n_bytes)))
        bp_ward_die_overflow(object, place_bytes);
    if (BP_UNLIKELY(!bp_ward_rim_is_intact(object, place_bytes)))
        bp_ward_die_overflow(object, place_bytes);
    bp_ward_clear(object, place_bytes, n_bytes);
}

BP_HOT void bp_ward_retire(struct bp_ward_bin *bin, void *object)
{
    void *oldest = bin->ring[bin->at];
    bin->ring[bin->at] = object;
    bin->at = (bin->at + 1) & bin->mask;
    if (BP_LIKELY(oldest && bin->count < bin->capacity))
        bin->pool[bin->count++] = oldest;
    else if (oldest)
        bp_ward_pool_push(bin, oldest);
}

BP_HOT bool bp_ward_try_free(void *object)
{
    size_t key = bp_heap_key_of(object);
    struct bp_ward_bin *bin = &bp_ward_cell->bin[bp_key_class(key)];
    size_t place_bytes = bin->object_bytes;
    if (BP_UNLIKELY(!place_bytes))
        return false;
    bp_ward_close(object, place_bytes);
    bp_ward_retire(bin, object);
    return true;
}

#endif
