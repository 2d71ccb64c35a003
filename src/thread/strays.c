// SPDX-License-Identifier: MIT
#include "thread/strays.h"

#include "core/options.h"
#include "region/chain.h"
#include "region/depot.h"
#include "region/span.h"

enum {
    FIRST = 16,
    CLAIMED = 64,
    SHARE = 2,  // of a magazine's capacity
    NOTED = 64, // fewer objects are not worth a slow path for each stretch
};

static struct bp_bin *bin_of(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    return bp_heap_bin(&heap->hot, bp_key(class_index, owner));
}

static void each(struct bp_heap *heap,
                 void (*act)(struct bp_heap *heap, unsigned owner, unsigned class_index))
{
    for (uint32_t seen = heap->stray_seen; seen; seen &= seen - 1) {
        for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
            act(heap, (unsigned)__builtin_ctz(seen), i);
    }
}

static uint32_t length_of(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    return heap->stray[owner][class_index].limit - bin_of(heap, owner, class_index)->room;
}

static void limit_set(struct bp_heap *heap, unsigned owner, unsigned class_index, uint32_t limit)
{
    struct bp_stray_cold *cold = &heap->stray[owner][class_index];
    bin_of(heap, owner, class_index)->room += limit - cold->limit;
    cold->limit = limit;
}

static bool has_stretches(uint32_t goal)
{
    return BP_LINK_NOTES && bp_options.check && goal >= NOTED;
}

static void goal_set(struct bp_heap *heap, unsigned owner, unsigned class_index, uint32_t goal)
{
    struct bp_stray_cold *cold = &heap->stray[owner][class_index];
    size_t bytes = bp_class[class_index].object_bytes;
    uint32_t stretch = goal;
    if (has_stretches(goal)) {
        stretch = goal / BP_CHAIN_STRETCHES;
        goal = stretch * BP_CHAIN_STRETCHES;
    }
    heap->capacity_bytes += goal * bytes;
    heap->capacity_bytes -= cold->goal * bytes;
    cold->goal = goal;
    limit_set(heap, owner, class_index, stretch);
}

static struct bp_magazine take(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    struct bp_bin *bin = bin_of(heap, owner, class_index);
    struct bp_magazine taken = {bin->head, length_of(heap, owner, class_index), owner};
    bin->head = NULL;
    bin->room = heap->stray[owner][class_index].limit;
    heap->stray[owner][class_index].noted = NULL;
    return taken;
}

bool bp_strays_go_on(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    struct bp_stray_cold *cold = &heap->stray[owner][class_index];
    if (cold->limit >= cold->goal)
        return false;
    void *head = bin_of(heap, owner, class_index)->head;
    bp_link_note(head, cold->noted);
    cold->noted = head;
    limit_set(heap, owner, class_index, cold->limit + cold->goal / BP_CHAIN_STRETCHES);
    return true;
}

static uint32_t goal_grown(const struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    uint32_t goal = heap->stray[owner][class_index].goal;
    uint32_t capacity = bp_class[class_index].magazine_capacity;
    uint32_t most = (uint32_t)bp_max(capacity / SHARE, BP_LIMIT_FIRST);
    uint32_t grown = (uint32_t)bp_min(goal ? 2 * goal : FIRST, most);
    size_t more = (size_t)(grown - goal) * bp_class[class_index].object_bytes;
    bool fits = heap->capacity_bytes + more <= bp_load_relaxed(&bp_heap_share_bytes);
    return fits ? grown : (uint32_t)bp_max(goal, BP_LIMIT_FIRST);
}

void bp_strays_turn(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    void *noted = heap->stray[owner][class_index].noted;
    struct bp_magazine full = take(heap, owner, class_index);
    heap->stray_seen |= 1u << owner;
    uint32_t most = full.head ? bp_depot_give_noted(class_index, full, noted) : UINT32_MAX;
    uint32_t grown = goal_grown(heap, owner, class_index);
    goal_set(heap, owner, class_index, (uint32_t)bp_min(grown, most));
}

struct bp_magazine bp_strays_take(struct bp_heap *heap, unsigned class_index)
{
    for (uint32_t seen = heap->stray_seen; seen; seen &= seen - 1) {
        unsigned owner = (unsigned)__builtin_ctz(seen);
        uint32_t goal = heap->stray[owner][class_index].goal;
        if (goal > FIRST && length_of(heap, owner, class_index) > goal / 2) {
            struct bp_magazine taken = take(heap, owner, class_index);
            bp_span_claim(taken.head, CLAIMED, heap->owner);
            return taken;
        }
    }
    return (struct bp_magazine){.head = NULL};
}

static void flush(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    bp_depot_sort(class_index, take(heap, owner, class_index).head);
}

void bp_strays_flush(struct bp_heap *heap)
{
    each(heap, flush);
}

static void age(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    struct bp_stray_cold *cold = &heap->stray[owner][class_index];
    uint32_t length = length_of(heap, owner, class_index);
    if (cold->goal && length == cold->seen_length) {
        flush(heap, owner, class_index);
        goal_set(heap, owner, class_index, 0);
    }
    cold->seen_length = length_of(heap, owner, class_index);
}

void bp_strays_age(struct bp_heap *heap)
{
    each(heap, age);
}

static void give(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    struct bp_magazine magazine = take(heap, owner, class_index);
    if (magazine.head)
        bp_depot_give(class_index, magazine);
    goal_set(heap, owner, class_index, 0);
}

void bp_strays_give(struct bp_heap *heap)
{
    each(heap, give);
}

static void settle(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    struct bp_bin *bin = bin_of(heap, owner, class_index);
    struct bp_stray_cold *cold = &heap->stray[owner][class_index];
    uint32_t count = bp_chain_length(bin->head);
    cold->noted = NULL;
    if (count > cold->goal)
        goal_set(heap, owner, class_index, count);
    cold->limit = cold->goal;
    bin->room = cold->limit - count;
}

void bp_strays_settle(struct bp_heap *heap)
{
    each(heap, settle);
}

size_t bp_strays_kept(struct bp_heap *heap, unsigned class_index)
{
    size_t count = 0;
    for (uint32_t seen = heap->stray_seen; seen; seen &= seen - 1)
        count += length_of(heap, (unsigned)__builtin_ctz(seen), class_index);
    return count;
}
