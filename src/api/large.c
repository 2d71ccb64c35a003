// SPDX-License-Identifier: MIT
#include "bumpalloc/large.h"

#include "api/report.h"
#include "base/attr.h"
#include "base/bits.h"
#include "core/options.h"
#include "os/os.h"
#include "os/os_map.h"
#include "region/class_file.h"
#include "region/overflow.h"
#include "region/purge.h"
#include "thread/boot.h"
#include "thread/clearer.h"
#include "thread/request.h"

#include <errno.h>

enum { FLAGS_ALL = BUMP_LARGE_ZERO | BUMP_LARGE_HUGE | BUMP_LARGE_FILE };

// Relaxed throughout: a call that runs while they change obeys the old value or the new.
static struct {
    // What the hit path asks: sizes from first on, as many as span says and one.
    bp_atomic_size first, span;
    bp_atomic_size min_bytes, max_bytes;
    bp_atomic_u32 disabled;
    bp_atomic_u32 eager_return;
} config = {.first = 1,
            .span = BUMP_LARGE_MAX_BYTES - 1,
            .min_bytes = 1,
            .max_bytes = BUMP_LARGE_MAX_BYTES};

static bool in_range(size_t n_bytes)
{
    return n_bytes - bp_load_relaxed(&config.first) <= bp_load_relaxed(&config.span);
}

// --- objects ---

static int file_alloc(size_t n_bytes, bool zero, void **ret_object)
{
    return -bp_files_take(n_bytes, zero, ret_object);
}

static BP_NOINLINE int alloc_slow(size_t n_bytes, unsigned flags, void **ret_object)
{
    bp_boot_thread(bp_report_boot);
    if (flags & ~(unsigned)FLAGS_ALL)
        return -EINVAL;
    if (bp_load_u32_relaxed(&config.disabled))
        return -EPERM;
    if (n_bytes && !in_range(n_bytes))
        return -ERANGE;
    bp_clearer_nudge();
    if (n_bytes && flags & BUMP_LARGE_FILE)
        return file_alloc(n_bytes, flags & BUMP_LARGE_ZERO, ret_object);
    void *object =
        n_bytes ? bp_request_alloc_slot(n_bytes, flags & BUMP_LARGE_ZERO, flags & BUMP_LARGE_HUGE)
                : NULL;
    if (n_bytes && !object)
        return -ENOMEM;
    *ret_object = object;
    return 0;
}

BP_EXPORT int bump_large_alloc(size_t n_bytes, unsigned flags, void **ret_object)
{
    if (BP_LIKELY(!flags && in_range(n_bytes))) {
        struct bp_heap *heap = bp_registry_own_here();
        void *object = heap ? bp_large_try_alloc(heap, n_bytes) : NULL;
        if (BP_LIKELY(object)) {
            *ret_object = object;
            return 0;
        }
    }
    return alloc_slow(n_bytes, flags, ret_object);
}

static int auto_alloc(size_t n_bytes, unsigned flags, void **ret_object)
{
    if (flags & ~(unsigned)(BUMP_LARGE_ZERO | BUMP_LARGE_HUGE))
        return -EINVAL;
    if (n_bytes > BP_SMALL_MAX && !bump_large_alloc(n_bytes, flags, ret_object))
        return 0;
    bp_boot_thread(bp_report_boot);
    void *object = bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, flags & BUMP_LARGE_ZERO);
    if (!object)
        return -ENOMEM;
    *ret_object = object;
    return 0;
}

BP_EXPORT int bump_large_alloc_auto(size_t n_bytes, unsigned flags, void **ret_object,
                                    enum bump_large_kind *ret_kind)
{
    int code = auto_alloc(n_bytes, flags, ret_object);
    if (ret_kind)
        *ret_kind = code ? BUMP_LARGE_NONE : bump_large_kind(*ret_object);
    return code;
}

static BP_NOINLINE int free_slow(void *object)
{
    bool eagerly = bp_load_u32_relaxed(&config.eager_return);
    if (!object)
        return 0;
    bp_boot_thread(bp_report_boot);
    bp_clearer_nudge();
    enum bp_verdict verdict = eagerly ? bp_request_free_eagerly(object) : bp_request_free(object);
    return verdict == BP_DONE ? 0 : -EINVAL;
}

BP_EXPORT int bump_large_free(void *object)
{
    struct bp_heap *heap = bp_registry_own_here();
    if (BP_LIKELY(heap && bp_large_try_free(heap, object)))
        return 0;
    return free_slow(object);
}

BP_EXPORT size_t bump_large_usable(const void *object)
{
    enum bp_verdict verdict;
    return object ? bp_request_usable(object, &verdict) : 0;
}

BP_EXPORT enum bump_large_kind bump_large_kind(const void *object)
{
    unsigned region;
    if (!bump_large_usable(object))
        return BUMP_LARGE_NONE;
    if (bp_files_owns(object))
        return BUMP_LARGE_IN_FILE;
    if (bp_region_of(object, &region))
        return BUMP_LARGE_REGION;
    return bp_heap_key_of(object) || bp_overflow_class_of(object) ? BUMP_LARGE_CLASS
                                                                  : BUMP_LARGE_DIRECT;
}

BP_EXPORT int bump_large_prefetch(const void *object, size_t offset_bytes, size_t n_bytes)
{
    size_t usable = bump_large_usable(object);
    size_t page = bp_os_page_bytes();
    if (!usable)
        return -EINVAL;
    if (offset_bytes > usable || n_bytes > usable - offset_bytes)
        return -ERANGE;
    size_t from = bp_align_down((size_t)object + offset_bytes, page);
    size_t until = bp_align_up((size_t)object + offset_bytes + n_bytes, page);
    if (n_bytes && bp_options.purge != BP_PURGE_NEVER)
        bp_os_prefetch((void *)from, until - from);
    return 0;
}

static size_t files_purge(size_t wanted_bytes)
{
    size_t released = 0;
    for (unsigned region = 0; region < BP_REGION_COUNT && released < wanted_bytes; region++)
        released += bp_files_purge(region, wanted_bytes - released);
    return released;
}

static size_t slots_purge(size_t wanted_bytes)
{
    size_t released = 0, step = 1;
    while (released < wanted_bytes && step) {
        step = bp_purge_oldest_slots(wanted_bytes - released);
        released += step;
    }
    return released;
}

BP_EXPORT size_t bump_large_purge(size_t n_bytes)
{
    bp_boot_thread(bp_report_boot);
    struct bp_heap *heap = bp_registry_enter();
    if (heap)
        bp_large_flush(heap);
    bp_registry_leave(heap);
    size_t released = slots_purge(n_bytes);
    return released + files_purge(bp_sub_or_zero(n_bytes, released));
}

// --- configuration ---

static bool is_valid(const struct bump_large_config *wanted)
{
    if (wanted->set & ~(unsigned)BUMP_LARGE_SET_ALL)
        return false;
    return !(wanted->set & BUMP_LARGE_SET_RANGE) ||
           (wanted->min_bytes && wanted->min_bytes <= wanted->max_bytes &&
            wanted->max_bytes <= BUMP_LARGE_MAX_BYTES);
}

// A disabled pool grants no size, and so needs no further question on the hit path.
static void gate_set(void)
{
    bool disabled = bp_load_u32_relaxed(&config.disabled);
    size_t min_bytes = bp_load_relaxed(&config.min_bytes);
    bp_store_relaxed(&config.span, disabled ? 0 : bp_load_relaxed(&config.max_bytes) - min_bytes);
    bp_store_relaxed(&config.first, disabled ? SIZE_MAX : min_bytes);
}

static void set_switches(const struct bump_large_config *wanted)
{
    if (wanted->set & BUMP_LARGE_SET_ENABLED)
        bp_store_u32_relaxed(&config.disabled, !wanted->enabled);
    if (wanted->set & BUMP_LARGE_SET_RANGE) {
        bp_store_relaxed(&config.min_bytes, wanted->min_bytes);
        bp_store_relaxed(&config.max_bytes, wanted->max_bytes);
    }
    if (wanted->set & BUMP_LARGE_SET_EAGER_RETURN)
        bp_store_u32_relaxed(&config.eager_return, wanted->eager_return);
    if (wanted->set & BUMP_LARGE_SET_FORK_COPY)
        bp_files_set_fork_copy(wanted->fork_copy);
    gate_set();
}

static void set_amounts(const struct bump_large_config *wanted)
{
    if (wanted->set & BUMP_LARGE_SET_GROWTH_DAMPENER)
        bp_store_relaxed(&bp_region_growth_dampener, wanted->growth_dampener);
    if (wanted->set & BUMP_LARGE_SET_LOCAL_BUFFER)
        bp_large_set_buffer(wanted->local_buffer_bytes);
    if (wanted->set & BUMP_LARGE_SET_BACKGROUND)
        bp_clearer_set((struct bp_clearer_pace){wanted->background_interval_ms,
                                                wanted->background_clear_bytes});
}

BP_EXPORT int bump_large_configure(const struct bump_large_config *wanted)
{
    if (!is_valid(wanted))
        return -EINVAL;
    bp_boot_thread(bp_report_boot);
    int code = wanted->set & BUMP_LARGE_SET_PATH ? -bp_files_set_folder(wanted->path) : 0;
    if (code)
        return code;
    set_switches(wanted);
    set_amounts(wanted);
    return 0;
}

BP_EXPORT void bump_large_config_get(struct bump_large_config *ret_config)
{
    struct bp_clearer_pace pace = bp_clearer_get();
    *ret_config = (struct bump_large_config){
        .set = BUMP_LARGE_SET_ALL,
        .enabled = !bp_load_u32_relaxed(&config.disabled),
        .eager_return = bp_load_u32_relaxed(&config.eager_return),
        .fork_copy = bp_files_fork_copy(),
        .min_bytes = bp_load_relaxed(&config.min_bytes),
        .max_bytes = bp_load_relaxed(&config.max_bytes),
        .path = bp_files_folder(),
        .background_interval_ms = pace.interval_ms,
        .background_clear_bytes = pace.clear_bytes,
        .growth_dampener = bp_load_relaxed(&bp_region_growth_dampener),
        .local_buffer_bytes = bp_large_buffer(),
    };
}

BP_EXPORT void bump_large_config_throughput(struct bump_large_config *ret_config)
{
    *ret_config = (struct bump_large_config){
        .set = BUMP_LARGE_SET_ENABLED | BUMP_LARGE_SET_BACKGROUND | BUMP_LARGE_SET_EAGER_RETURN |
               BUMP_LARGE_SET_GROWTH_DAMPENER | BUMP_LARGE_SET_LOCAL_BUFFER,
        .enabled = true,
        .eager_return = true,
        .background_interval_ms = 1000,
        .background_clear_bytes = 128 * BP_MIB,
        .growth_dampener = 2,
        .local_buffer_bytes = 64 * BP_MIB,
    };
}

BP_EXPORT int bump_large_enable(bool enabled)
{
    struct bump_large_config wanted = {.set = BUMP_LARGE_SET_ENABLED, .enabled = enabled};
    return bump_large_configure(&wanted);
}

BP_EXPORT int bump_large_set_range(size_t min_bytes, size_t max_bytes)
{
    struct bump_large_config wanted = {
        .set = BUMP_LARGE_SET_RANGE, .min_bytes = min_bytes, .max_bytes = max_bytes};
    return bump_large_configure(&wanted);
}
