// SPDX-License-Identifier: MIT
#include "guard/guard.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/counters.h"
#include "core/lock.h"
#include "guard/report.h"
#include "os/os.h"
#include "os/os_map.h"
#include "profile/poisson.h"
#include "profile/unwind.h"

#include <errno.h>
#include <string.h>

#define NOWHERE UINT32_MAX

enum {
    SMALL_COUNT = 4096, // 16 MiB, if all of them are in use
    LARGE_COUNT = 256,
    LARGE_PAGES = 64,
    COUNT_MIN = 16,
    WAITING_SHARE = 16,  // but for a small pool: then it is a sixteenth
    WAITING_COUNT = 128, // with so many waiting, no fresh place is begun
    PATTERN = 0xb5,
    PATTERN_BYTES = 256,
};

// Places of data_bytes each, with a guard behind every one and before the first.
struct pool {
    char *first;
    size_t data_bytes, stride;
    uint32_t count, fresh;      // fresh: the first that was never used
    uint32_t oldest, newest;    // that wait
    uint32_t waiting;           // how many
    struct bp_guarded *records; // of each place
};

struct bp_guard_range bp_guard_range;
bp_atomic_size bp_guard_every;

static struct {
    struct bp_lock lock; // rank GUARD: guards which places wait, and random
    struct pool small, large;
    uint64_t random;
} all = {.lock = BP_LOCK_INIT(BP_RANK_GUARD)};

struct bp_lock *bp_guard_lock(void)
{
    return &all.lock;
}

// --- places ---

static size_t pool_bytes(size_t pages, uint32_t count)
{
    return (pages + 1) * bp_os_page_bytes() * count;
}

static struct pool pool_make(char *first, size_t pages, uint32_t count, struct bp_guarded *records)
{
    size_t page = bp_os_page_bytes();
    return (struct pool){.first = first,
                         .data_bytes = pages * page,
                         .stride = (pages + 1) * page,
                         .count = count,
                         .oldest = NOWHERE,
                         .newest = NOWHERE,
                         .records = records};
}

// 1 / 2^shift of all places.
static int places_make(unsigned shift)
{
    uint32_t small = SMALL_COUNT >> shift, large = LARGE_COUNT >> shift;
    size_t page = bp_os_page_bytes();
    size_t small_bytes = pool_bytes(1, small);
    size_t whole = page + small_bytes + page + pool_bytes(LARGE_PAGES, large);
    void *base, *records;
    size_t record_bytes = bp_align_up((small + large) * sizeof(struct bp_guarded), page);
    int code = bp_os_reserve(whole, page, &base);
    if (code)
        return code;
    code = bp_os_map_guarded(record_bytes, &records);
    if (code) {
        bp_os_unmap(base, whole);
        return code;
    }
    bp_os_name(base, whole);
    char *first = (char *)base + page;
    all.small = pool_make(first, 1, small, records);
    all.large = pool_make(first + small_bytes + page, LARGE_PAGES, large,
                          (struct bp_guarded *)records + small);
    bp_guard_range = (struct bp_guard_range){base, whole};
    return 0;
}

int bp_guard_start(size_t every)
{
    int code = ENOMEM;
    for (unsigned shift = 0; code && LARGE_COUNT >> shift >= COUNT_MIN; shift++)
        code = places_make(shift);
    all.random = bp_os_random() ^ bp_os_now_ns();
    if (!code)
        bp_store_relaxed(&bp_guard_every, every);
    return code;
}

int bp_guard_watch(void)
{
    return bp_os_trap_install(bp_guard_report_trap);
}

void bp_guard_stop(void)
{
    bp_store_relaxed(&bp_guard_every, 0);
}

static struct pool *pool_of(const void *pointer)
{
    return (const char *)pointer < all.large.first - bp_os_page_bytes() ? &all.small : &all.large;
}

static char *data_of(const struct pool *pool, uint32_t place)
{
    return pool->first + (size_t)place * pool->stride;
}

// Where the pointer is in, or in the guard behind it; NOWHERE: in the guard before the first.
static uint32_t place_of(const struct pool *pool, const void *pointer)
{
    size_t offset = (size_t)pointer - (size_t)pool->first;
    return (const char *)pointer < pool->first ? NOWHERE : (uint32_t)(offset / pool->stride);
}

static struct bp_guarded *record_of(const void *pointer)
{
    struct pool *pool = pool_of(pointer);
    uint32_t place = place_of(pool, pointer);
    return place < pool->count ? &pool->records[place] : NULL;
}

// --- waiting ---

static uint32_t oldest_take_locked(struct pool *pool)
{
    uint32_t place = pool->oldest;
    pool->oldest = pool->records[place].next_waiting;
    pool->waiting--;
    return place;
}

static uint32_t place_take_locked(struct pool *pool)
{
    bool fresh = pool->fresh < pool->count;
    uint32_t least = bp_min(pool->count / WAITING_SHARE, WAITING_COUNT);
    if (pool->waiting > least)
        return oldest_take_locked(pool);
    return fresh ? pool->fresh++ : NOWHERE;
}

static void place_give(struct pool *pool, uint32_t place)
{
    bp_lock_take(&all.lock);
    pool->records[place].next_waiting = NOWHERE;
    if (pool->waiting)
        pool->records[pool->newest].next_waiting = place;
    else
        pool->oldest = place;
    pool->newest = place;
    pool->waiting++;
    bp_lock_give(&all.lock);
}

// A place, and on which side its object is to stand.
static uint32_t place_take(struct pool *pool, bool *ret_at_end)
{
    bp_lock_take(&all.lock);
    uint32_t place = place_take_locked(pool);
    *ret_at_end = bp_poisson_random(&all.random) & 1;
    bp_lock_give(&all.lock);
    return place;
}

static bool place_open(const struct pool *pool, uint32_t place)
{
    return bp_os_range_protect(data_of(pool, place), pool->data_bytes,
                               BP_OS_PROT_READ | BP_OS_PROT_WRITE) == 0;
}

// --- the pattern ---

static char *pattern_begin(const struct bp_guarded *it, char *data)
{
    return it->object - bp_min((size_t)(it->object - data), PATTERN_BYTES);
}

static char *pattern_end(const struct pool *pool, const struct bp_guarded *it, char *data)
{
    char *end = it->object + it->n_bytes;
    return end + bp_min((size_t)(data + pool->data_bytes - end), PATTERN_BYTES);
}

static void pattern_draw(const struct pool *pool, const struct bp_guarded *it, char *data)
{
    char *begin = pattern_begin(it, data), *end = it->object + it->n_bytes;
    memset(begin, PATTERN, (size_t)(it->object - begin));
    memset(end, PATTERN, (size_t)(pattern_end(pool, it, data) - end));
}

static void expect_pattern(const struct bp_guarded *it, const char *from, const char *to, int step)
{
    for (const char *at = from; at != to; at += step) {
        if (BP_UNLIKELY((unsigned char)*at != PATTERN))
            bp_guard_die_written(it, at);
    }
}

// From the object outwards: the nearest byte is told.
static void pattern_verify(const struct pool *pool, const struct bp_guarded *it, char *data)
{
    expect_pattern(it, it->object + it->n_bytes, pattern_end(pool, it, data), 1);
    expect_pattern(it, it->object - 1, pattern_begin(it, data) - 1, -1);
}

// --- alloc and free ---

static struct pool *pool_for(size_t n_bytes, size_t align)
{
    size_t page = bp_os_page_bytes();
    if (align > page || n_bytes > all.large.data_bytes)
        return NULL;
    return n_bytes <= all.small.data_bytes ? &all.small : &all.large;
}

static void record_fill(struct bp_guarded *it, char *object, size_t n_bytes)
{
    it->object = object;
    it->n_bytes = n_bytes;
    it->freed.depth = 0;
    it->allocated.depth = bp_unwind_capture_some(it->allocated.address, BP_GUARD_FRAMES);
    bp_store_u32_relaxed(&it->told, 0);
    // pairs with the acquire in report.c: the record is filled
    bp_store_u32_release(&it->state, BP_GUARD_LIVE);
    bp_add_relaxed(&bp_counters.guards, 1);
    bp_add_relaxed(&bp_counters.guarded_objects, 1);
    bp_add_relaxed(&bp_counters.guarded_bytes, n_bytes);
}

static void *refused(void)
{
    bp_add_relaxed(&bp_counters.guards_refused, 1);
    return NULL;
}

static bool is_too_soon(void)
{
    static bp_atomic_size last_us;
    if (bp_load_relaxed(&bp_guard_every) < BP_GUARD_SELDOM)
        return false;
    size_t now_us = bp_os_now_ns() / 1000, last = bp_load_relaxed(&last_us);
    if (now_us - last < BP_GUARD_PAUSE_US)
        return true;
    bp_store_relaxed(&last_us, now_us);
    return false;
}

void *bp_guard_alloc(size_t n_bytes, size_t align, bool zero)
{
    struct pool *pool = pool_for(n_bytes, align);
    bool at_end;
    uint32_t place = pool && !is_too_soon() ? place_take(pool, &at_end) : NOWHERE;
    if (place == NOWHERE)
        return refused();
    if (!place_open(pool, place)) {
        place_give(pool, place);
        return refused();
    }
    char *data = data_of(pool, place);
    size_t room = pool->data_bytes - n_bytes;
    char *object = at_end || !n_bytes ? data + bp_align_down(room, align) : data;
    record_fill(&pool->records[place], object, n_bytes);
    pattern_draw(pool, &pool->records[place], data);
    return zero ? memset(object, 0, n_bytes) : object;
}

static void place_close(const struct pool *pool, char *data)
{
    // Many pages would be much to keep of what nobody uses.
    if (pool == &all.large)
        bp_os_purge(data, pool->data_bytes);
    bp_os_range_protect(data, pool->data_bytes, 0);
}

static bool leave(struct bp_guarded *it)
{
    // pairs with the release in record_fill, and with itself: one free of several goes on
    return bp_cas_u32_acquire(&it->state, BP_GUARD_LIVE, BP_GUARD_LEAVING);
}

void bp_guard_free(void *pointer)
{
    struct pool *pool = pool_of(pointer);
    struct bp_guarded *it = record_of(pointer);
    if (!it || it->object != pointer)
        bp_guard_die_invalid(pointer, "free");
    if (!leave(it))
        bp_guard_die_double_free(it);
    uint32_t place = place_of(pool, pointer);
    char *data = data_of(pool, place);
    pattern_verify(pool, it, data);
    it->freed.depth = bp_unwind_capture_some(it->freed.address, BP_GUARD_FRAMES);
    // pairs with the acquire in report.c: the stack is there
    bp_store_u32_release(&it->state, BP_GUARD_FREED);
    bp_sub_relaxed(&bp_counters.guarded_objects, 1);
    bp_sub_relaxed(&bp_counters.guarded_bytes, it->n_bytes);
    place_close(pool, data);
    place_give(pool, place);
}

bool bp_guard_find(const void *pointer, size_t *ret_bytes)
{
    const struct bp_guarded *it = record_of(pointer);
    // pairs with the release in record_fill
    bool found = it && it->object == pointer && bp_load_u32_acquire(&it->state) == BP_GUARD_LIVE;
    *ret_bytes = found ? it->n_bytes : 0;
    return found;
}

bool bp_guard_shrink(void *pointer, size_t n_bytes)
{
    struct pool *pool = pool_of(pointer);
    struct bp_guarded *it = record_of(pointer);
    char *data = data_of(pool, place_of(pool, pointer));
    if (n_bytes > it->n_bytes || (pool == &all.large && n_bytes < it->n_bytes / 2))
        return false;
    pattern_verify(pool, it, data);
    bp_sub_relaxed(&bp_counters.guarded_bytes, it->n_bytes - n_bytes);
    it->n_bytes = n_bytes;
    pattern_draw(pool, it, data);
    return true;
}

// --- for reports ---

static size_t distance_to(const struct bp_guarded *it, uintptr_t address)
{
    uintptr_t begin = (uintptr_t)it->object, end = begin + it->n_bytes;
    if (!it->object)
        return SIZE_MAX;
    return address < begin ? begin - address : bp_sub_or_zero(address + 1, end);
}

struct bp_guarded *bp_guard_around(uintptr_t address)
{
    struct pool *pool = pool_of((void *)address);
    uint32_t place = place_of(pool, (void *)address);
    uint32_t after = place == NOWHERE ? 0 : place + 1;
    struct bp_guarded *it = place < pool->count ? &pool->records[place] : NULL;
    bool in_guard =
        place == NOWHERE || address >= (uintptr_t)data_of(pool, place) + pool->data_bytes;
    if (in_guard && after < pool->count) {
        struct bp_guarded *next = &pool->records[after];
        if (!it || distance_to(next, address) < distance_to(it, address))
            it = next;
    }
    return it && it->object ? it : NULL;
}
