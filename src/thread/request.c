// SPDX-License-Identifier: MIT
#include "thread/request.h"

#include "core/counters.h"
#include "core/options.h"
#include "guard/guard.h"
#include "os/os.h"
#include "profile/profile.h"
#include "region/depot.h"
#include "region/overflow.h"
#include "region/purge.h"
#include "thread/beyond.h"
#include "thread/counted.h"
#include "thread/large.h"
#include "thread/nofree.h"
#include "thread/outside.h"
#include "thread/recall.h"
#include "thread/registry.h"
#include "thread/worker.h"

#include <string.h>

enum { HOPELESS_MS = 10 };

static struct {
    bp_atomic_size returns, at_ms; // when relieve found nothing
} fruitless;

// Did the last attempt find nothing, and has nothing come back since? What other threads' heaps and
// all bins took within their room is not counted: after a while it is worth a try again.
static bool is_hopeless(void)
{
    struct bp_heap *heap = bp_registry_own();
    bool same = bp_load_relaxed(&bp_counters.returns) == bp_load_relaxed(&fruitless.returns);
    return same && !(heap && bp_large_keeps_any(heap)) &&
           bp_os_now_ms() - bp_load_relaxed(&fruitless.at_ms) < HOPELESS_MS;
}

static size_t flush_all(void)
{
    bp_registry_flush();
    bp_depot_drain();
    return bp_purge_down_to(0);
}

// Purges what stands between n_bytes and the limit; if nothing does, gives up every cache and the
// commit charge of all that is free. Pointless for what is larger than all that we hold.
static bool relieve(size_t n_bytes)
{
    if (bp_purge_make_room(n_bytes))
        return true;
    if (n_bytes > bp_load_relaxed(&bp_counters.committed_bytes) || is_hopeless())
        return false;
    size_t released = flush_all();
    released += bp_purge_decommit();
    if (!released) {
        bp_store_relaxed(&fruitless.returns, bp_load_relaxed(&bp_counters.returns));
        bp_store_relaxed(&fruitless.at_ms, bp_os_now_ms());
    }
    return true;
}

// Only small objects come from a borrowed heap: its lock is not held across system calls.
static void *borrowed_alloc(unsigned class_index)
{
    struct bp_heap *heap = bp_registry_borrow();
    void *object = heap ? bp_heap_alloc(heap, class_index) : NULL;
    bp_registry_return(heap);
    return object;
}

static size_t refusals(void)
{
    return bp_load_relaxed(&bp_counters.commit_failures) +
           bp_load_relaxed(&bp_counters.limit_failures);
}

static bool is_profiled(void)
{
    return BP_UNLIKELY(bp_load_u32_relaxed(&bp_profile_used));
}

static bool is_counted(void)
{
    return is_profiled() || bp_guard_is_on();
}

// Served by an overflow span, the object counts all the same.
static void *overflow_alloc(unsigned class_index)
{
    struct bp_heap *heap = is_counted() ? bp_registry_borrow() : NULL;
    if (heap)
        bp_counted_pass(heap, class_index);
    bp_registry_return(heap);
    return bp_overflow_take(class_index);
}

// Memory that was refused may be free in another form; addresses that have run out may not.
static void *small_alloc(unsigned class_index)
{
    size_t refused = refusals();
    void *object = borrowed_alloc(class_index);
    for (int i = 0; !object && refused != refusals() && i < 2 && relieve(BP_CHUNK_BYTES); i++)
        object = borrowed_alloc(class_index);
    return object ? object : overflow_alloc(class_index);
}

static unsigned class_for(size_t n_bytes, size_t align)
{
    if (n_bytes > BP_SMALL_MAX || align > BP_SMALL_MAX)
        return 0;
    return align <= BP_OBJECT_ALIGN ? bp_class_for(n_bytes) : bp_class_for_aligned(n_bytes, align);
}

// What is sampled is served as a large object, so that its free leaves the hot path.
static void *any_alloc(size_t n_bytes, size_t align, bool zero, bool sampled)
{
    if (bp_nofree_is_on())
        return bp_nofree_alloc(n_bytes, align, zero);
    unsigned class_index = sampled ? 0 : class_for(n_bytes, align);
    void *object = class_index ? small_alloc(class_index) : NULL;
    if (object)
        return zero ? memset(object, 0, n_bytes) : object;
    struct bp_heap *heap = bp_registry_enter();
    object = bp_large_alloc(heap, bp_max(n_bytes, 1), align, zero); // or the slot says "no object"
    bp_registry_leave(heap);
    return object;
}

static void small_free(size_t key, void *object)
{
    struct bp_heap *heap = bp_registry_borrow();
    bp_heap_free(heap, key, object);
    bp_registry_return(heap);
    bp_depot_punch_wanted(bp_key_class(key));
}

// BUMPALLOC_COUNT=1: every call comes by here, because the heap is left behind after each one.
static void count(size_t key, size_t allocations, size_t frees)
{
    struct bp_tally *tally = &bp_tallies[bp_key_class(key)];
    size_t freed = bp_add_relaxed(&tally->frees, frees) + frees;
    size_t allocated = bp_add_relaxed(&tally->allocations, allocations) + allocations;
    bp_max_relaxed(&tally->peak_objects, bp_sub_or_zero(allocated, freed));
    bp_registry_step_out();
}

// The end of every slow path.
static void finish(size_t key, size_t allocations, size_t frees)
{
    if (BP_UNLIKELY(bp_options.count))
        count(key, allocations, frees);
    bp_outside_poll();
}

// --- samples ---

// The class that an allocation is counted in; 0: it is counted by its bytes.
static unsigned counted_class(size_t n_bytes, size_t align)
{
    return bp_nofree_is_on() ? 0 : class_for(n_bytes, align);
}

static unsigned what_is_due(size_t n_bytes, unsigned class_index)
{
    struct bp_heap *heap = class_index ? bp_registry_borrow() : bp_registry_enter();
    unsigned due = heap && class_index
                       ? bp_counted_is_due(heap, class_index)
                       : bp_counted_is_due_bytes(heap, bp_max(n_bytes, BP_OBJECT_ALIGN));
    if (class_index)
        bp_registry_return(heap);
    else
        bp_registry_leave(heap);
    return due;
}

static void sample_begin(void *object, size_t n_bytes, unsigned class_index)
{
    size_t counted = class_index && bp_reservation.n_bytes ? bp_class[class_index].object_bytes
                                                           : bp_max(n_bytes, BP_OBJECT_ALIGN);
    if (bp_profile_take(object, n_bytes, counted))
        bp_large_mark(object, true);
}

// A large object is the same whether it is sampled or not.
static void large_count(void *object, size_t n_bytes)
{
    if (object && is_profiled() && (what_is_due(n_bytes, 0) & BP_DUE_SAMPLE))
        sample_begin(object, n_bytes, 0);
}

// A small object that is nothing special, with one visit of the heap; NULL for all others.
static void *counted_alloc(size_t n_bytes, size_t align, bool zero, unsigned *ret_due)
{
    unsigned class_index = counted_class(n_bytes, align);
    struct bp_heap *heap = class_index ? bp_registry_borrow() : NULL;
    void *object = NULL;
    if (heap) {
        *ret_due = bp_counted_is_due(heap, class_index);
        object = *ret_due ? NULL : bp_heap_alloc(heap, class_index);
        bp_registry_return(heap);
    } else {
        *ret_due = what_is_due(n_bytes, class_index);
    }
    return object && zero ? memset(object, 0, n_bytes) : object;
}

static void *relieved_alloc(size_t n_bytes, size_t align, bool zero)
{
    unsigned due = 0;
    void *object = NULL;
    if (is_counted())
        object = counted_alloc(n_bytes, align, zero, &due);
    if (BP_UNLIKELY(due & BP_DUE_GUARD))
        object = bp_guard_alloc(n_bytes, align, zero);
    bool sampled = BP_UNLIKELY(due & BP_DUE_SAMPLE);
    if (!object)
        object = any_alloc(n_bytes, align, zero, sampled);
    for (int i = 0; !object && i < 2 && relieve(n_bytes); i++)
        object = any_alloc(n_bytes, align, zero, sampled);
    if (sampled && object)
        sample_begin(object, n_bytes, counted_class(n_bytes, align));
    return object;
}

void *bp_request_alloc(size_t n_bytes, size_t align, bool zero)
{
    bool possible = n_bytes <= BP_REQUEST_MAX - align;
    void *object = possible ? relieved_alloc(n_bytes, align, zero) : NULL;
    finish(bp_heap_key_of(object), object != NULL, 0);
    return object;
}

static void *stable_alloc(size_t n_bytes, size_t max_bytes)
{
    struct bp_heap *heap = bp_registry_enter();
    void *object = bp_large_alloc_stable(heap, n_bytes, max_bytes);
    bp_registry_leave(heap);
    return object;
}

void *bp_request_alloc_stable(size_t n_bytes, size_t max_bytes)
{
    if (n_bytes > max_bytes || max_bytes > BP_REQUEST_MAX)
        return NULL;
    void *object = stable_alloc(n_bytes, max_bytes);
    for (int i = 0; !object && i < 2 && relieve(n_bytes); i++)
        object = stable_alloc(n_bytes, max_bytes);
    large_count(object, n_bytes);
    finish(0, object != NULL, 0);
    return object;
}

static void *slot_alloc(size_t n_bytes, bool zero, bool huge)
{
    struct bp_heap *heap = bp_registry_enter();
    void *object = bp_large_alloc_slot(heap, n_bytes, zero, huge);
    bp_registry_leave(heap);
    return object;
}

void *bp_request_alloc_slot(size_t n_bytes, bool zero, bool huge)
{
    void *object = slot_alloc(n_bytes, zero, huge);
    for (int i = 0; !object && i < 2 && relieve(n_bytes); i++)
        object = slot_alloc(n_bytes, zero, huge);
    large_count(object, n_bytes);
    finish(0, object != NULL, 0);
    return object;
}

static enum bp_verdict large_free(void *pointer, bool eagerly)
{
    struct bp_heap *heap = bp_registry_enter();
    enum bp_verdict verdict =
        eagerly ? bp_large_free_eagerly(heap, pointer) : bp_large_free(heap, pointer);
    bp_registry_leave(heap);
    return verdict;
}

static void nofree_free(void *pointer)
{
    struct bp_sample sample;
    bp_profile_forget(pointer, &sample);
    bp_nofree_free(pointer);
}

static void guarded_free(void *pointer)
{
    struct bp_sample sample;
    bp_profile_forget(pointer, &sample);
    bp_guard_free(pointer);
}

static enum bp_verdict any_free(void *pointer, bool eagerly)
{
    enum bp_verdict verdict = BP_DONE;
    size_t key = bp_heap_key_of(pointer);
    if (bp_nofree_owns(pointer))
        return nofree_free(pointer), BP_DONE;
    if (BP_UNLIKELY(bp_guard_owns(pointer)))
        guarded_free(pointer);
    else if (key)
        small_free(key, pointer);
    else
        verdict = large_free(pointer, eagerly);
    bp_purge_check();
    bp_worker_nudge();
    finish(key, 0, verdict == BP_DONE);
    return verdict;
}

enum bp_verdict bp_request_free(void *pointer)
{
    return any_free(pointer, false);
}

enum bp_verdict bp_request_free_eagerly(void *pointer)
{
    return any_free(pointer, true);
}

static size_t guarded_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    size_t n_bytes;
    *ret_verdict = bp_guard_find(pointer, &n_bytes) ? BP_DONE : BP_INVALID;
    return n_bytes;
}

size_t bp_request_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    size_t key = bp_heap_key_of(pointer);
    *ret_verdict = BP_DONE;
    if (bp_nofree_owns(pointer))
        return bp_nofree_usable(pointer);
    if (BP_UNLIKELY(bp_guard_owns(pointer)))
        return guarded_usable(pointer, ret_verdict);
    if (!key)
        return bp_large_usable(pointer, ret_verdict);
    bool starts = bp_span_has(bp_key_class(key), pointer);
    *ret_verdict = starts ? BP_DONE : BP_INVALID;
    return starts ? bp_class[bp_key_class(key)].object_bytes : 0;
}

static void *plain_resize(void *pointer, size_t n_bytes)
{
    if (bp_nofree_owns(pointer))
        return bp_nofree_resize(pointer, n_bytes);
    struct bp_heap *heap = bp_registry_enter();
    void *resized = bp_large_resize(heap, pointer, n_bytes);
    bp_registry_leave(heap);
    return resized;
}

// A resized object counts as freed and allocated anew. Its sample ends before its address can be
// another's.
static void *profiled_resize(void *pointer, size_t n_bytes)
{
    struct bp_sample sample;
    bool was_sampled = bp_profile_forget(pointer, &sample);
    void *resized = plain_resize(pointer, n_bytes);
    if (!resized && was_sampled)
        bp_samples_restore(&sample);
    if (!resized)
        return NULL;
    bp_large_mark(resized, false);
    large_count(resized, n_bytes);
    return resized;
}

static void *resize(void *pointer, size_t n_bytes)
{
    return is_profiled() ? profiled_resize(pointer, n_bytes) : plain_resize(pointer, n_bytes);
}

bool bp_request_resize_stable(void *pointer, size_t n_bytes)
{
    bool done = resize(pointer, n_bytes) != NULL;
    for (int i = 0; !done && i < 2 && relieve(n_bytes); i++)
        done = resize(pointer, n_bytes) != NULL;
    bp_purge_check();
    return done;
}

// A new object for one that cannot be resized where it is.
static void *replacement(size_t n_bytes)
{
    size_t max_bytes = bp_options_stable_max(n_bytes);
    void *object = max_bytes && bp_reservation.region_count && !bp_nofree_is_on()
                       ? bp_request_alloc_stable(n_bytes, max_bytes)
                       : NULL;
    return object ? object : bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, false);
}

void *bp_request_resize(void *pointer, size_t n_bytes, enum bp_verdict *ret_verdict)
{
    size_t key = bp_heap_key_of(pointer);
    size_t usable = bp_request_usable(pointer, ret_verdict);
    if (!key && !bp_reserve_owns(pointer))
        key = bp_key(bp_overflow_class_of(pointer), 0);
    if (*ret_verdict != BP_DONE || n_bytes > BP_REQUEST_MAX - BP_OBJECT_ALIGN)
        return NULL;
    if (bp_nofree_owns(pointer))
        return resize(pointer, n_bytes);
    if (BP_UNLIKELY(bp_guard_owns(pointer)) && bp_guard_shrink(pointer, n_bytes))
        return pointer;
    if (key && bp_class_keeps(bp_key_class(key), n_bytes))
        return pointer;
    void *resized = key ? NULL : resize(pointer, n_bytes);
    bp_purge_check();
    bp_worker_nudge();
    finish(key, 0, 0);
    if (resized)
        return resized;
    if (!key && n_bytes <= bp_large_stable_max(pointer))
        return bp_request_resize_stable(pointer, n_bytes) ? pointer : NULL;
    resized = replacement(n_bytes);
    if (!resized)
        return n_bytes <= usable ? pointer : NULL; // to shrink cannot fail
    memcpy(resized, pointer, bp_min(usable, n_bytes));
    bp_request_free(pointer);
    return resized;
}

size_t bp_request_trim(void)
{
    size_t released = bp_beyond_trim();
    bp_recall_begin();
    bp_recall_finish();
    released += flush_all() + bp_depot_punch_all();
    bp_os_unmap_owed();
    if (bp_options.count)
        bp_registry_step_out();
    if (bp_os_charges_commit())
        bp_purge_decommit(); // what was never used counts there too
    return released;
}
