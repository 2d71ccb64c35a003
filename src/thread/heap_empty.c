// SPDX-License-Identifier: MIT
// Emptying a heap that was called away, while its owner may be within one operation of the hot
// path.
#include "os/os.h"
#include "region/depot.h"
#include "thread/heap.h"

// A chain's first two objects, read while the owner may be about to pop the first, or to push in
// front of it: both stay.
struct chain_top {
    void *first, *second;
};

// Whatever the owners did before what we have seen of them is visible from here on. Their stores
// are plain: x86 shows them in their order, other processors after a barrier that they pass.
static bool stores_are_ordered(void)
{
    return BP_STORES_IN_ORDER || !bp_os_barrier_all();
}

// Of the bins of all classes, which stand side by side.
static bool tops_read(const struct bp_bin *bins, struct chain_top tops[BP_CLASS_COUNT])
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        tops[i].first = bp_peek_acquire(&bins[i].head); // pairs with stores_are_ordered
    // If the first was just pushed, its link is there now.
    if (!stores_are_ordered())
        return false;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        void *first = tops[i].first;
        tops[i].second = first ? bp_link_peek(first) : NULL; // pairs with stores_are_ordered
    }
    // If the first was popped, and what we read are its user's bytes, the head has changed now.
    return stores_are_ordered();
}

static void *chain_cut(const struct bp_bin *bin, struct chain_top top)
{
    // pairs with stores_are_ordered: a head that has not changed says that its link was read before
    // the object was handed out
    if (!top.second || bp_peek_acquire(&bin->head) != top.first)
        return NULL;
    void *rest = bp_link_next(top.second);
    bp_link_set(top.second, NULL);
    return rest;
}

static void bins_empty(struct bp_heap *heap, unsigned owner)
{
    const struct bp_bin *bins = bp_heap_bin(&heap->hot, bp_key(0, owner));
    struct chain_top tops[BP_CLASS_COUNT];
    if (!tops_read(bins, tops))
        return;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        bp_depot_sort(i, chain_cut(&bins[i], tops[i]));
}

void bp_heap_empty(struct bp_heap *heap)
{
    bp_heap_flush_spares(heap);
    for (uint32_t owners = heap->stray_seen | 1u << heap->owner; owners; owners &= owners - 1)
        bins_empty(heap, (unsigned)__builtin_ctz(owners));
}
