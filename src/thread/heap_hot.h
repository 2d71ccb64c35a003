// SPDX-License-Identifier: MIT
// The hot path: what malloc and free do when nothing special happens. Invariants:
//  1. bp_heap_tls is never NULL. A thread starts, and ends, with a constant heap whose bins have
//     no head, no room and no run, so that every call leaves the hot path.
//  2. bin.head is a NULL-terminated chain of free objects, linked by their first words;
//     bin.room says how many more it takes before the magazine is full.
//  3. run.cursor < run.limit means that one more object fits there, never used before.
//  4. Bin 0 stays empty: chunks without a class (key 0) leave the hot path in free.
//  5. The keys that malloc uses are of the heap's own owner number. What is freed into another
//     owner's bin, a stray, never comes back from there: neighbours of objects that another
//     thread writes to are not handed out here. It costs free no instruction.
//  6. What was freed last leaves the hot path when it is freed again; bp_heap_free tells.
// Nothing here calls, locks or divides; each function says by NULL or false that it did nothing.
#ifndef BP_THREAD_HEAP_HOT_H
#define BP_THREAD_HEAP_HOT_H

#include "base/attr.h"
#include "os/thread_local.h"
#include "region/link.h"
#include "region/size_class.h"
#include "reserve/reserve.h"

struct bp_run {
    char *cursor;
    char *limit;
};

struct bp_bin {
    void *head;
    uint32_t room;
    uint32_t object_bytes;
    struct bp_run run;
};

// The bins of one more owner, whom no chunk has, are thread/counted.h's.
struct bp_heap_hot {
    struct bp_bin bin[(BP_OWNER_COUNT + 1) * BP_OWNER_BINS];
    uint16_t key[BP_KEY_COUNT];
};

extern BP_HIDDEN BP_THREAD_LOCAL struct bp_heap_hot *bp_heap_cell;
#define bp_heap_tls BP_THREAD_LOCAL_AT(bp_heap_cell)

_Static_assert(sizeof(struct bp_bin) == 8 * BP_KEYS_PER_BIN, "keys scale by 8");
_Static_assert(offsetof(struct bp_heap_hot, bin) == 0, "keys scale from the start");

BP_HOT struct bp_bin *bp_heap_bin(struct bp_heap_hot *heap, size_t key)
{
    return (struct bp_bin *)(void *)((char *)heap + key * 8);
}

BP_HOT void *bp_heap_try_run(struct bp_bin *bin)
{
    char *object = bin->run.cursor;
    if (BP_UNLIKELY(object >= bin->run.limit))
        return NULL;
    bin->run.cursor = object + bin->object_bytes;
    return object;
}

// BP_KEEP(key): the bin is addressed anew by each instruction that needs it, instead of by one more
// that computes its address.
BP_HOT void *bp_heap_try_alloc(struct bp_heap_hot *heap, size_t key)
{
    void *object = bp_heap_bin(heap, key)->head;
    BP_KEEP(key);
    if (BP_UNLIKELY(!object))
        return bp_heap_try_run(bp_heap_bin(heap, key));
    bp_heap_bin(heap, key)->head = bp_link_next(object);
    BP_KEEP(key);
    bp_heap_bin(heap, key)->room++;
    return object;
}

BP_HOT void *bp_heap_try_malloc(size_t n_bytes)
{
    if (BP_UNLIKELY(n_bytes > BP_SMALL_MAX))
        return NULL;
    struct bp_heap_hot *heap = bp_heap_tls;
    return bp_heap_try_alloc(heap, heap->key[(n_bytes + 15) >> 4]);
}

// One rotate, two checks: a misaligned pointer becomes as large as a foreign one.
BP_HOT size_t bp_heap_units_of(const void *object, const char *base)
{
    size_t offset = (size_t)object - (size_t)base;
    return offset >> 4 | offset << 60;
}

BP_HOT const char *bp_heap_base(void)
{
    const char *base = bp_hot.base;
    BP_KEEP(base);
    return base;
}

BP_HOT bool bp_heap_try_free(void *object)
{
    const char *base = bp_heap_base();
    size_t units = bp_heap_units_of(object, base);
    if (BP_UNLIKELY(units >= bp_hot.arena_units))
        return false;
    size_t key = ((const uint16_t *)(const void *)base)[units >> (BP_CHUNK_SHIFT - 4)];
    struct bp_heap_hot *heap = bp_heap_tls;
    if (BP_UNLIKELY(!(bp_heap_bin(heap, key)->room & INT32_MAX)))
        return false;
    BP_KEEP(key);
    void *head = bp_heap_bin(heap, key)->head;
    if (BP_UNLIKELY(head == object))
        return false;
    bp_link_set(object, head);
    BP_KEEP(key);
    bp_heap_bin(heap, key)->head = object;
    BP_KEEP(key);
    bp_heap_bin(heap, key)->room--;
    return true;
}

// The key of a small object, or 0.
BP_HOT size_t bp_heap_key_of(const void *object)
{
    const char *base = bp_heap_base();
    size_t units = bp_heap_units_of(object, base);
    if (BP_UNLIKELY(units >= bp_hot.arena_units))
        return 0;
    return ((const uint16_t *)(const void *)base)[units >> (BP_CHUNK_SHIFT - 4)];
}

#endif
