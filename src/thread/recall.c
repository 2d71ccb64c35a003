// SPDX-License-Identifier: MIT
#include "thread/recall.h"

#include "core/counters.h"
#include "core/lock.h"
#include "os/os.h"
#include "thread/large.h"
#include "thread/registry.h"

static uint64_t rounds; // of recalls, so far; under the registry lock

static void call_away_locked(struct bp_heap *heap)
{
    if (!heap->tls || heap->away || heap->tls == &bp_heap_tls)
        return;
    heap->away = rounds;
    bp_poke_relaxed((void **)heap->tls, (void *)(size_t)&bp_heap_away);
}

void bp_recall_begin(void)
{
    bp_lock_take(bp_registry_lock());
    rounds++;
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        call_away_locked(bp_registry_at(i));
    bp_lock_give(bp_registry_lock());
}

static uint64_t round_now(void)
{
    bp_lock_take(bp_registry_lock());
    uint64_t round = rounds;
    bp_lock_give(bp_registry_lock());
    return round;
}

// A heap that came home meanwhile, and was called away again by another thread, has not passed a
// barrier since.
static void empty_locked(struct bp_heap *heap, uint64_t last_round)
{
    // pairs with the release in bp_registry_leave: what the last visit did is visible
    if (!heap->away || heap->away > last_round || bp_load_u32_acquire(&heap->visits))
        return;
    heap->emptied = true;
    bp_add_relaxed(&bp_counters.recalls, 1);
    bp_heap_empty(heap);
    bp_large_empty(heap);
}

void bp_recall_finish(void)
{
    uint64_t last_round = round_now();
    if (bp_os_barrier_all())
        return;
    for (uint32_t i = 0; i < bp_registry_count(); i++) {
        bp_lock_take(bp_registry_lock());
        empty_locked(bp_registry_at(i), last_round);
        bp_lock_give(bp_registry_lock());
    }
}
