// SPDX-License-Identifier: MIT
// region: direct mappings and the table that remembers them.
#include "base/bits.h"
#include "base/limits.h"
#include "core/counters.h"
#include "core/lock.h"
#include "fault_hook.h"
#include "region/direct.h"
#include "unit.h"

#include <pthread.h>

enum { PAGE = 4096, ENTRIES = 6000, STEPS = 40000, THREADS = 4, THREAD_STEPS = 3000 };

static struct entry {
    char *address;
    size_t n_bytes;
    uint64_t id;
} shadow[ENTRIES];

static struct prng rng = {50};

static size_t direct_bytes(void)
{
    return bp_load_relaxed(&bp_counters.direct_bytes);
}

static void maps_whole_zeroed_pages(void)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000, 5 * BP_MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t whole = sizes[i] ? (sizes[i] + PAGE - 1) / PAGE * PAGE : PAGE;
        errno = 4711;
        char *p = bp_direct_take(sizes[i], 16);
        REQUIRE(p != NULL);
        CHECK_ALIGNED(p, PAGE);
        CHECK_EQ(bp_direct_usable(p), whole);
        CHECK_EQ(direct_bytes(), whole);
        CHECK_EQ(pattern_nonzero(p, whole), whole);
        memset(p, 'x', whole);
        CHECK(bp_direct_give(p));
        CHECK_EQ(errno, 4711);
        CHECK(!unit_is_mapped(p));
        CHECK_EQ(direct_bytes(), 0);
    }
}

static void knows_only_its_own(void)
{
    char *p = bp_direct_take(3 * PAGE, PAGE);
    char byte;
    CHECK_EQ(bp_direct_usable(NULL), 0);
    CHECK_EQ(bp_direct_usable(&byte), 0);
    CHECK_EQ(bp_direct_usable(p + 1), 0);
    CHECK_EQ(bp_direct_usable(p + PAGE), 0);
    CHECK(!bp_direct_give(NULL) && !bp_direct_give(&byte) && !bp_direct_give(p + PAGE));
    CHECK(bp_direct_give(p));
    CHECK(!bp_direct_give(p));
    CHECK_EQ(bp_direct_usable(p), 0);
}

static void knows_what_is_in_its_mappings(void)
{
    char *p = bp_direct_take(3 * PAGE, PAGE), *other = bp_direct_take(PAGE, PAGE), byte;
    CHECK(bp_direct_holds(p) && bp_direct_holds(p + 1) && bp_direct_holds(p + 3 * PAGE - 1));
    CHECK(!bp_direct_holds(&byte) && !bp_direct_holds(NULL));
    CHECK(bp_direct_give(p));
    CHECK(!bp_direct_holds(p) && bp_direct_holds(other));
    CHECK(bp_direct_give(other));
}

// Until many others were freed, or it is used again.
static void remembers_what_was_freed(void)
{
    enum { OTHERS = 100 };
    void *others[OTHERS];
    for (int i = 0; i < OTHERS; i++)
        others[i] = bp_direct_take((size_t)(i + 4) * PAGE, PAGE);
    char *p = bp_direct_take(3 * PAGE, PAGE);
    CHECK_EQ(bp_direct_freed_bytes(p), 0);
    CHECK(bp_direct_give(p));
    CHECK_EQ(bp_direct_freed_bytes(p), 3 * PAGE);
    CHECK_EQ(bp_direct_freed_bytes(p + PAGE), 0);
    char *same = bp_direct_take(3 * PAGE, PAGE);
    if (same == p)
        CHECK_EQ(bp_direct_freed_bytes(p), 0);
    CHECK(bp_direct_give(same));
    CHECK_EQ(bp_direct_freed_bytes(same), 3 * PAGE);
    for (int i = 0; i < OTHERS; i++)
        CHECK(bp_direct_give(others[i]));
    CHECK_EQ(bp_direct_freed_bytes(same), 0);
}

static void knows_nothing_at_first(void)
{
    CHECK_EQ(bp_direct_usable(&rng), 0);
    CHECK(!bp_direct_give(&rng) && !bp_direct_give(NULL));
}

static void aligns(void)
{
    for (size_t align = 16; align <= 4 * BP_GIB; align *= 4) {
        char *p = bp_direct_take(2 * PAGE, align);
        REQUIRE(p != NULL);
        CHECK_ALIGNED(p, align);
        CHECK_EQ(bp_direct_usable(p), 2 * PAGE);
        CHECK(bp_direct_give(p));
    }
}

static void too_much_is_none(void)
{
    CHECK_NULL(bp_direct_take(SIZE_MAX, 16));
    CHECK_NULL(bp_direct_take(SIZE_MAX - PAGE, PAGE));
    CHECK_NULL(bp_direct_take(PTRDIFF_MAX, 16));
    CHECK_NULL(bp_direct_take(PAGE, (size_t)1 << 62));
    CHECK_EQ(direct_bytes(), 0);
}

static void resizes_with_contents(void)
{
    char *p = bp_direct_take(2 * PAGE, 16);
    pattern_fill(p, 2 * PAGE, 5);
    p = bp_direct_resize(p, 50 * BP_MIB);
    REQUIRE(p != NULL);
    CHECK_EQ(bp_direct_usable(p), 50 * BP_MIB);
    CHECK_EQ(direct_bytes(), 50 * BP_MIB);
    CHECK_EQ(pattern_mismatch(p, 2 * PAGE, 5), 2 * PAGE);
    CHECK_EQ(pattern_nonzero(p + 2 * PAGE, BP_MIB), BP_MIB);
    CHECK_PTR(bp_direct_resize(p, 50 * BP_MIB - 1), p);
    char *small = bp_direct_resize(p, 1);
    CHECK_EQ(bp_direct_usable(small), PAGE);
    CHECK_EQ(direct_bytes(), PAGE);
    CHECK_EQ(pattern_mismatch(small, PAGE, 5), PAGE);
    CHECK(bp_direct_give(small));
}

static void failed_resize_changes_nothing(void)
{
    char *p = bp_direct_take(2 * PAGE, 16);
    pattern_fill(p, 2 * PAGE, 5);
    CHECK_NULL(bp_direct_resize(p, SIZE_MAX));
    CHECK_NULL(bp_direct_resize(p, PTRDIFF_MAX));
    fault_all(BP_OS_MAP);
    CHECK_NULL(bp_direct_resize(p, 20 * PAGE));
    CHECK_EQ(bp_direct_usable(p), 2 * PAGE);
    CHECK_EQ(direct_bytes(), 2 * PAGE);
    CHECK_EQ(pattern_mismatch(p, 2 * PAGE, 5), 2 * PAGE);
}

// The first calls make the table, others the mapping; whichever fails, nothing is left behind.
static void failed_maps_change_nothing(void)
{
    for (unsigned nth = 1; nth <= 2; nth++) {
        fault_some(BP_OS_MAP, nth, 1);
        CHECK_NULL(bp_direct_take(PAGE, 16));
        CHECK_EQ(direct_bytes(), 0);
    }
    fault_all(BP_OS_MAP);
    CHECK_NULL(bp_direct_take(PAGE, 16));
    fault_none();
    CHECK_NOT_NULL(bp_direct_take(PAGE, 16));
}

// --- where the table stands ---

// With so many entries, which came one by one: at most half full.
static size_t table_bytes(size_t count)
{
    size_t capacity = 256;
    while (2 * count > capacity)
        capacity *= 2;
    return bp_align_up(capacity * sizeof(struct bp_direct_entry), bp_os_page_bytes());
}

// Part of the address space, but nothing that can be touched.
static void check_guard(const char *page, const char *which, size_t count)
{
    CHECK_FMT(unit_is_mapped(page), "%s the table of %zu is nothing at all", which, count);
    CHECK_FMT(!unit_readable(page) && !unit_readable(page + bp_os_page_bytes() - 1),
              "%s the table of %zu is memory", which, count);
}

static char *entry_page(const char *object)
{
    bp_lock_take(bp_direct_lock());
    char *entry = (char *)bp_direct_lookup_locked(object);
    bp_lock_give(bp_direct_lock());
    REQUIRE(entry != NULL);
    return entry - (size_t)entry % bp_os_page_bytes();
}

static void check_table(const char *object, size_t count)
{
    size_t page = bp_os_page_bytes();
    char *low = entry_page(object), *high = low;
    while (unit_writable(low - page))
        low -= page;
    while (unit_writable(high))
        high += page;
    CHECK_EQ(high - low, table_bytes(count));
    check_guard(low - page, "before", count);
    check_guard(high, "behind", count);
}

// So is each larger one that takes its place.
static void its_table_stands_between_guards(void)
{
    char *first = bp_direct_take(PAGE, 16);
    REQUIRE(first != NULL);
    check_table(first, 1);
    for (size_t count = 2; count <= 2000; count++) {
        REQUIRE(bp_direct_take(PAGE, 16) != NULL);
        if (count % 128 <= 1)
            check_table(first, count);
    }
}

// --- against a shadow, with thousands of entries ---

static void take(struct entry *it, struct prng *r)
{
    it->n_bytes = prng_range(r, 1, 4) * PAGE;
    it->id = prng_next(r);
    it->address = bp_direct_take(it->n_bytes - prng_below(r, PAGE), 16);
    if (it->address)
        *(uint64_t *)(void *)it->address = it->id;
}

static void check_entry(const struct entry *it)
{
    CHECK_EQ(bp_direct_usable(it->address), it->n_bytes);
    CHECK_EQ(*(uint64_t *)(void *)it->address, it->id);
}

static void give(struct entry *it)
{
    check_entry(it);
    CHECK(bp_direct_give(it->address));
    it->address = NULL;
}

static void resize(struct entry *it, struct prng *r)
{
    size_t n_bytes = prng_range(r, 1, 6) * PAGE;
    char *moved = bp_direct_resize(it->address, n_bytes);
    if (moved) {
        it->address = moved;
        it->n_bytes = n_bytes;
    }
    check_entry(it);
}

static size_t shadow_bytes(void)
{
    size_t total = 0;
    for (int i = 0; i < ENTRIES; i++)
        total += shadow[i].address ? shadow[i].n_bytes : 0;
    return total;
}

static void step(bool growing)
{
    struct entry *it = &shadow[prng_below(&rng, ENTRIES)];
    fault_none();
    if (prng_below(&rng, 10) == 0)
        fault_some(BP_OS_MAP, 1, 1);
    if (!it->address && growing)
        take(it, &rng);
    else if (it->address && prng_below(&rng, 4) == 0)
        resize(it, &rng);
    else if (it->address && !(growing && prng_below(&rng, 2)))
        give(it);
}

static void agrees_with_its_shadow(void)
{
    int most = 0;
    for (int i = 0; i < STEPS && !check_failures; i++)
        step(i < STEPS / 2);
    CHECK_EQ(direct_bytes(), shadow_bytes());
    fault_none();
    for (int i = 0; i < ENTRIES && !check_failures; i++, most++) {
        if (!shadow[i].address)
            take(&shadow[i], &rng);
    }
    CHECK_EQ(direct_bytes(), shadow_bytes());
    for (int i = 0; i < ENTRIES && !check_failures; i++)
        check_entry(&shadow[i]);
    for (int i = 0; i < ENTRIES && !check_failures; i++)
        give(&shadow[(size_t)i * 7919 % ENTRIES]);
    CHECK_EQ(most, ENTRIES);
    CHECK_EQ(direct_bytes(), 0);
}

// --- threads ---

static void *thread_body(void *number)
{
    struct prng r = {(uint64_t)(uintptr_t)number};
    struct entry *mine = shadow + (uintptr_t)number * 200;
    for (int i = 0; i < THREAD_STEPS; i++) {
        struct entry *it = &mine[prng_below(&r, 200)];
        if (!it->address)
            take(it, &r);
        else if (prng_below(&r, 3))
            give(it);
        else
            resize(it, &r);
    }
    for (int i = 0; i < 200; i++) {
        if (mine[i].address)
            give(&mine[i]);
    }
    return NULL;
}

static void threads_do_not_share(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ(direct_bytes(), 0);
}

UNIT_MAIN(UNIT_CASE(maps_whole_zeroed_pages), UNIT_CASE(knows_only_its_own),
          UNIT_CASE(knows_what_is_in_its_mappings), UNIT_CASE(remembers_what_was_freed),
          UNIT_CASE(knows_nothing_at_first), UNIT_CASE(aligns), UNIT_CASE(too_much_is_none),
          UNIT_CASE(resizes_with_contents), UNIT_CASE(failed_resize_changes_nothing),
          UNIT_CASE(failed_maps_change_nothing), UNIT_CASE(its_table_stands_between_guards),
          UNIT_CASE(agrees_with_its_shadow), UNIT_CASE(threads_do_not_share))
