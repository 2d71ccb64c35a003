// SPDX-License-Identifier: MIT
#include "thread/recall.h"

#include "core/counters.h"
#include "core/lock.h"
#include "os/os.h"
#include "thread/large.h"
#include "thread/registry.h"

static void call_away_locked(struct bp_heap *heap)
{
    if (!heap->tls || heap->away || heap->tls == &bp_heap_tls)
        return;
    heap->away = true;
    bp_poke_relaxed((void **)heap->tls, (void *)(size_t)&bp_heap_away);
}

void bp_recall_begin(void)
{
    bp_lock_take(bp_registry_lock());
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        call_away_locked(bp_registry_at(i));
    bp_lock_give(bp_registry_lock());
}

static void empty_locked(struct bp_heap *heap)
{
    if (!heap->away || bp_load_u32_relaxed(&heap->visits))
        return;
    heap->emptied = true;
    bp_add_relaxed(&bp_counters.recalls, 1);
    bp_heap_empty(heap);
    bp_large_empty(heap);
}

void bp_recall_finish(void)
{
    if (bp_os_barrier_all())
        return;
    for (uint32_t i = 0; i < bp_registry_count(); i++) {
        bp_lock_take(bp_registry_lock());
        empty_locked(bp_registry_at(i));
        bp_lock_give(bp_registry_lock());
    }
}
