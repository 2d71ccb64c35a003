// SPDX-License-Identifier: MIT
#include "thread/registry.h"

#include "base/attr.h"
#include "core/lock.h"
#include "core/options.h"
#include "os/os.h"
#include "region/depot.h"
#include "region/purge.h"
#include "thread/counted.h"
#include "thread/large.h"

#include <string.h>

enum {
    PARKED_MIN = 4, // heaps kept with their memory for threads to come, or two for each processor
    PARKED_BYTES = 256 << 10, // that they keep together
    SHARE_MIN_BYTES = 256 << 10,
};

static struct {
    struct bp_lock lock;        // rank REGISTRY: guards the lists and states
    struct bp_lock common_lock; // rank COMMON_HEAP: guards the common heap
    bp_atomic_ptr common;       // set once
    struct bp_heap *parked, *empty;
    uint32_t parked_count;
    size_t parked_bytes;      // what their bins held
    bp_atomic_u32 live_count; // written under the lock
    bool parked_used;         // since bp_registry_flush_parked_idle looked last
    unsigned cpu_count;
} registry BP_LINE_ALIGNED = {.lock = BP_LOCK_INIT(BP_RANK_REGISTRY),
                              .common_lock = BP_LOCK_INIT(BP_RANK_COMMON_HEAP)};
bp_atomic_u32 bp_registry_records; // only grows

struct bp_lock *bp_registry_lock(void)
{
    return &registry.lock;
}

struct bp_lock *bp_registry_common_lock(void)
{
    return &registry.common_lock;
}

uint32_t bp_registry_count(void)
{
    // pairs with the release in record_create: the record is set up
    return bp_load_u32_acquire(&bp_registry_records);
}

struct bp_heap *bp_registry_at(uint32_t index)
{
    char *records = bp_meta_begin(BP_META_HEAPS);
    return (struct bp_heap *)(void *)(records + (size_t)index * BP_HEAP_RECORD_BYTES);
}

// What was never used of the bins is not touched: in the child of a fork that would copy pages.
static void heap_clear(struct bp_heap *heap)
{
    size_t bins_bytes = BP_OWNER_BINS * sizeof(struct bp_bin);
    uint32_t seen = heap->stray_seen | 1u << heap->owner;
    if (heap->counted || heap->window_class)
        seen |= 1u << BP_COUNTED_OWNER;
    for (; seen; seen &= seen - 1)
        memset(bp_heap_bin(&heap->hot, bp_key(0, (unsigned)__builtin_ctz(seen))), 0, bins_bytes);
    memset(&heap->owner, 0, sizeof(*heap) - offsetof(struct bp_heap, owner));
}

// All zero before.
static void heap_init(struct bp_heap *heap, uint32_t index)
{
    heap->owner = index % BP_OWNER_COUNT;
    bp_class_fill_keys(heap->hot.key, heap->owner);
    // Of the other pages that it needs: read before it is written to, a page is faulted twice.
    memset(bp_heap_own_bin(heap, 0), 0, BP_OWNER_BINS * sizeof(struct bp_bin));
    heap->cold[BP_CLASS_COUNT - 1].limit = 0;
    bp_large_init(heap);
}

static struct bp_heap *record_create_locked(void)
{
    uint32_t index = bp_load_u32_relaxed(&bp_registry_records);
    if (!bp_meta_commit(BP_META_HEAPS, ((size_t)index + 1) * BP_HEAP_RECORD_BYTES))
        return NULL;
    struct bp_heap *heap = bp_registry_at(index);
    if (index)
        heap_init(heap, index); // the first is the common heap: most processes never touch it
    // pairs with bp_registry_count: the record is set up
    bp_store_u32_release(&bp_registry_records, index + 1);
    return heap;
}

static struct bp_heap *common_heap(void)
{
    // pairs with the release in bp_registry_init: the heap is set up
    return bp_load_ptr_acquire(&registry.common);
}

void bp_registry_set_cpus(unsigned cpu_count)
{
    registry.cpu_count = cpu_count;
}

bool bp_registry_init(void)
{
    if (common_heap() || !bp_reservation.n_bytes)
        return common_heap() != NULL;
    bp_lock_take(&registry.lock);
    // For the first thread too, by one call; if that cannot be, each is tried for itself.
    (void)bp_meta_commit(BP_META_HEAPS, (size_t)2 * BP_HEAP_RECORD_BYTES);
    struct bp_heap *heap = common_heap() ? common_heap() : record_create_locked();
    if (heap)
        bp_store_ptr_release(&registry.common, heap); // pairs with common_heap
    bp_lock_give(&registry.lock);
    return heap != NULL;
}

static struct bp_heap *heap_pop_locked(struct bp_heap **list)
{
    struct bp_heap *heap = *list;
    if (heap)
        *list = heap->next;
    return heap;
}

static struct bp_heap *parked_pop_locked(void)
{
    struct bp_heap *heap = heap_pop_locked(&registry.parked);
    registry.parked_count -= heap ? 1 : 0;
    registry.parked_bytes -= heap ? heap->parked_bytes : 0;
    return heap;
}

static void live_add_locked(int change)
{
    uint32_t before = bp_load_u32_relaxed(&registry.live_count);
    bp_store_u32_relaxed(&registry.live_count, before + (uint32_t)change);
}

// What all may keep is shared out by live and parked heaps.
static void share_update_locked(void)
{
    size_t all = bp_options.cache_bytes * bp_max(registry.cpu_count, 1);
    size_t share =
        all / bp_max((size_t)bp_load_u32_relaxed(&registry.live_count) + registry.parked_count, 1);
    share = bp_max(share, SHARE_MIN_BYTES);
    bp_store_relaxed(&bp_heap_share_bytes, bp_min(share, bp_options.thread_cache_bytes));
}

static struct bp_heap *heap_obtain(void)
{
    bp_lock_take(&registry.lock);
    struct bp_heap *heap = parked_pop_locked();
    if (!heap)
        heap = heap_pop_locked(&registry.empty);
    if (!heap)
        heap = record_create_locked();
    if (heap) {
        heap->state = BP_HEAP_LIVE;
        live_add_locked(1);
        share_update_locked();
    }
    bp_lock_give(&registry.lock);
    return heap;
}

void bp_registry_attach(void)
{
    if (bp_heap_tls != &bp_heap_none || !bp_registry_init())
        return;
    struct bp_heap *heap = heap_obtain();
    if (!heap)
        return;
    bp_counted_update(heap);
    bp_heap_tls = &heap->hot;
    // May allocate, and then finds the heap in place.
    if (bp_os_thread_exit_arm(heap)) {
        bp_registry_thread_ended(heap);
        return;
    }
    // From now on it can be called away: it knows the way home.
    bp_lock_take(&registry.lock);
    heap->tls = &bp_heap_tls;
    bp_lock_give(&registry.lock);
}

static void set_right_locked(struct bp_heap *heap)
{
    if (heap->emptied) {
        bp_heap_settle(heap);
        bp_large_settle(heap);
    }
    heap->away = 0;
    heap->emptied = false;
}

struct bp_heap *bp_registry_come_home(void)
{
    if (bp_heap_tls != &bp_heap_away)
        return NULL;
    struct bp_heap *heap = bp_os_thread_exit_argument();
    bp_lock_take(&registry.lock);
    if (heap)
        set_right_locked(heap);
    if (heap)
        bp_counted_update(heap);
    bp_heap_tls = heap ? &heap->hot : (struct bp_heap_hot *)&bp_heap_ended;
    bp_lock_give(&registry.lock);
    return heap;
}

static void visits_add(struct bp_heap *heap, uint32_t change)
{
    bp_store_u32_relaxed(&heap->visits, bp_load_u32_relaxed(&heap->visits) + change);
}

struct bp_heap *bp_registry_enter(void)
{
    struct bp_heap *heap;
    while ((heap = bp_registry_own())) {
        visits_add(heap, 1);
        // pairs with bp_os_barrier_all in recall.c, which makes this order the processor's too
        bp_fence_compiler();
        // pairs with the same: away, or the visit is seen
        if (bp_peek_acquire((void *const *)&bp_heap_tls) == heap)
            break;
        visits_add(heap, (uint32_t)-1);
    }
    return heap;
}

void bp_registry_leave(struct bp_heap *heap)
{
    if (heap)
        // pairs with the acquire in recall.c: what the visit did is done
        bp_store_u32_release(&heap->visits, bp_load_u32_relaxed(&heap->visits) - 1);
}

// As if the heap had been called away, but for nobody's use: to come home is all there is to do.
void bp_registry_step_out(void)
{
    struct bp_heap_hot *hot = bp_heap_tls;
    if (hot->key[1] && ((struct bp_heap *)hot)->tls)
        bp_heap_tls = (struct bp_heap_hot *)&bp_heap_away;
}

static void heap_push_locked(struct bp_heap **list, struct bp_heap *heap, enum bp_heap_state state)
{
    heap->state = state;
    heap->next = *list;
    *list = heap;
}

static void heap_flush(struct bp_heap *heap)
{
    bp_heap_flush(heap);
    bp_large_flush(heap);
}

// The ending thread has no heap from now on, and nobody calls it away.
static void heap_detach(struct bp_heap *heap)
{
    bp_lock_take(&registry.lock);
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_ended;
    heap->tls = NULL;
    set_right_locked(heap);
    bp_lock_give(&registry.lock);
}

static bool may_park_locked(const struct bp_heap *heap)
{
    return registry.parked_bytes + heap->parked_bytes <= PARKED_BYTES &&
           registry.parked_count < bp_max(PARKED_MIN, 2 * (size_t)registry.cpu_count);
}

static bool heap_park(struct bp_heap *heap)
{
    heap->parked_bytes = bp_heap_kept_bytes(heap);
    bp_lock_take(&registry.lock);
    bool park = may_park_locked(heap);
    if (park) {
        registry.parked_count++;
        registry.parked_bytes += heap->parked_bytes;
        registry.parked_used = true;
        heap_push_locked(&registry.parked, heap, BP_HEAP_PARKED);
        live_add_locked(-1);
        share_update_locked();
    }
    bp_lock_give(&registry.lock);
    return park;
}

// Other threads find in the depot what it had; what nobody takes there goes back to its spans.
static void heap_retire(struct bp_heap *heap)
{
    bp_heap_hand_over(heap);
    bp_lock_take(&registry.lock);
    heap_push_locked(&registry.empty, heap, BP_HEAP_EMPTY);
    live_add_locked(-1);
    share_update_locked();
    bool alone = bp_load_u32_relaxed(&registry.live_count) <= 1;
    bp_lock_give(&registry.lock);
    if (alone)
        bp_depot_drain_idle();
}

void bp_registry_thread_ended(void *heap)
{
    heap_detach(heap);
    bp_large_flush(heap);
    if (!heap_park(heap))
        heap_retire(heap);
    bp_purge_check();
}

// It needs no keys, since no malloc begins in it, and its slots' limits come with the first slot.
static void common_begin(struct bp_heap *common)
{
    if (common->state == BP_HEAP_LIVE)
        return;
    bp_lock_take(&registry.lock);
    common->state = BP_HEAP_LIVE;
    bp_lock_give(&registry.lock);
}

BP_PROVE(no_thread_safety_analysis) struct bp_heap *bp_registry_borrow(void)
{
    struct bp_heap *own = bp_registry_enter();
    struct bp_heap *common = own ? NULL : common_heap();
    if (!common)
        return own;
    bp_lock_take(&registry.common_lock);
    common_begin(common);
    return common;
}

BP_PROVE(no_thread_safety_analysis) void bp_registry_return(struct bp_heap *heap)
{
    if (heap && heap == common_heap())
        bp_lock_give(&registry.common_lock);
    else
        bp_registry_leave(heap);
}

// Parked heaps leave their list while they are flushed, so that no lock is held over it.
static void flush_parked(void)
{
    for (uint32_t i = bp_registry_count(); i > 0; i--) {
        bp_lock_take(&registry.lock);
        struct bp_heap *heap = parked_pop_locked();
        if (heap)
            heap->state = BP_HEAP_LIVE;
        share_update_locked();
        bp_lock_give(&registry.lock);
        if (!heap)
            return;
        heap_flush(heap);
        bp_lock_take(&registry.lock);
        heap_push_locked(&registry.empty, heap, BP_HEAP_EMPTY);
        bp_lock_give(&registry.lock);
    }
}

void bp_registry_flush_parked_idle(void)
{
    bp_lock_take(&registry.lock);
    bool idle = !registry.parked_used;
    registry.parked_used = false;
    bp_lock_give(&registry.lock);
    if (idle)
        flush_parked();
}

void bp_registry_flush(void)
{
    struct bp_heap *heap = bp_registry_borrow();
    if (heap)
        heap_flush(heap);
    bp_registry_return(heap);
    flush_parked();
    for (uint32_t i = 0; i < bp_registry_count(); i++) {
        bp_heap_flush_spares(bp_registry_at(i));
        bp_large_flush_shared(bp_registry_at(i));
    }
}

void bp_registry_age(void)
{
    static bp_atomic_size count;
    size_t heaps = bp_load_u32_relaxed(&registry.live_count);
    if (bp_add_relaxed(&count, 1) % bp_max(heaps, 1) == 0)
        bp_depot_drain_idle();
}

void bp_registry_after_fork(void)
{
    struct bp_heap *own = bp_registry_own();
    for (uint32_t i = 0; i < bp_registry_count(); i++) {
        struct bp_heap *heap = bp_registry_at(i);
        if (heap == own || heap == common_heap() || heap->state != BP_HEAP_LIVE)
            continue;
        bp_span_lose_notes();
        bp_large_salvage(heap);
        heap_clear(heap);
        heap_init(heap, i);
        live_add_locked(-1);
        heap_push_locked(&registry.empty, heap, BP_HEAP_EMPTY);
    }
    if (bp_options.count)
        bp_registry_step_out();
}
