// SPDX-License-Identifier: MIT
// reserve: the arena area against a shadow of it, by random calls with random faults; and by
// several threads at once.
#include "core/counters.h"
#include "discard_stub.h"
#include "fault_hook.h"
#include "reserve/chunks.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "unit.h"

#include <pthread.h>

enum state { BEYOND, USED, CLEAN, DISCARDED, DIRTY, RESERVED };
enum { CHUNKS = 1024, RUNS = 256, STEPS = 15000, THREADS = 4, THREAD_STEPS = 4000 };

static struct {
    enum state state;
    unsigned age; // of a dirty chunk
} shadow[CHUNKS];

static struct run {
    uint32_t first, count;
    uint64_t id;
} runs[RUNS];

static struct prng rng = {20};
static uint32_t begin, end, frontier;
static unsigned now;
static unsigned saw_zero, saw_dirty, saw_refused, saw_full, saw_reserved, saw_discarded;

static bool now_and_then(void)
{
    static unsigned calls;
    return __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) * 2654435761u >> 31;
}

static void boot(void)
{
    stub.discards = now_and_then;
    bp_reserve_init(BP_RESERVE_MIN);
    begin = frontier = bp_reservation.arena_begin;
    end = bp_reservation.arena_end;
    REQUIRE(begin && end <= CHUNKS);
}

// --- what chunks hold ---

static uint64_t *words(uint32_t chunk)
{
    return (uint64_t *)(void *)bp_chunk_address(chunk);
}

static void run_mark(const struct run *run)
{
    for (uint32_t i = run->first; i < run->first + run->count; i++)
        words(i)[0] = words(i)[3000] = words(i)[8191] = run->id ^ i;
}

static void run_check(const struct run *run)
{
    for (uint32_t i = run->first; i < run->first + run->count; i++) {
        uint64_t id = run->id ^ i;
        CHECK_FMT(words(i)[0] == id && words(i)[3000] == id && words(i)[8191] == id,
                  "chunk %u lost its contents", i);
    }
}

static void run_check_zero(const struct run *run)
{
    for (uint32_t i = run->first; i < run->first + run->count; i++)
        CHECK_FMT(!words(i)[0] && !words(i)[3000] && !words(i)[8191], "chunk %u is not zero", i);
}

// --- what the shadow foresees ---

static bool is_free(uint32_t chunk)
{
    return shadow[chunk].state > USED;
}

static bool is_dirty(uint32_t chunk)
{
    return shadow[chunk].state == DIRTY;
}

static bool is_clean(uint32_t chunk)
{
    return shadow[chunk].state == CLEAN || shadow[chunk].state == DISCARDED;
}

// The first run of `count` chunks below the frontier that fit, or 0.
static uint32_t first_run(bool (*fits)(uint32_t), uint32_t count)
{
    uint32_t length = 0;
    for (uint32_t i = begin; i < frontier; i++) {
        length = fits(i) ? length + 1 : 0;
        if (length == count)
            return i + 1 - count;
    }
    return 0;
}

static uint32_t foresee(uint32_t count)
{
    uint32_t found = first_run(is_dirty, count);
    if (!found)
        found = first_run(is_free, count);
    if (found)
        return found;
    for (found = frontier; found > begin && is_free(found - 1);)
        found--;
    return count <= end - found ? found : 0;
}

static size_t count_state(enum state state)
{
    size_t count = 0;
    for (uint32_t i = begin; i < end; i++)
        count += shadow[i].state == state;
    return count;
}

static void check_books(void)
{
    size_t meta = 0;
    for (int i = 0; i < BP_META_COUNT; i++)
        meta += bp_meta_committed[i] - bp_meta_skipped[i];
    size_t used = count_state(USED), dirty = count_state(DIRTY);
    size_t clean = count_state(CLEAN) + count_state(DISCARDED);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), used * BP_CHUNK_BYTES);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), dirty * BP_CHUNK_BYTES);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes),
             meta + (used + dirty + clean) * BP_CHUNK_BYTES);
}

// --- the calls ---

// What a take may have changed besides the run it took: growth; and chunks that were committed
// again before another could not be.
static void shadow_sync(bool failed)
{
    uint32_t grown = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    for (uint32_t i = begin; i < frontier && failed; i++) {
        if (shadow[i].state == RESERVED && unit_readable(bp_chunk_address(i)))
            shadow[i].state = CLEAN;
    }
    for (; frontier < grown; frontier++)
        shadow[frontier].state = CLEAN;
}

static void take(struct run *run, bool faulty)
{
    bool zero, zero_expected = true;
    uint32_t count = (uint32_t)prng_range(&rng, 1, prng_below(&rng, 10) ? 5 : 60);
    uint32_t expected = foresee(count);
    if (faulty)
        fault_some(BP_OS_COMMIT, 1 + (unsigned)prng_below(&rng, 4),
                   1 + (unsigned)prng_below(&rng, 3));
    uint32_t first = bp_chunks_take(count, &zero);
    bool refused = fault_plan.seen[BP_OS_COMMIT] >= fault_plan.fail_from[BP_OS_COMMIT] && faulty;
    fault_none();
    shadow_sync(!first);
    CHECK_FMT(first == expected || (!first && refused), "%u chunks: %u, expected %u", count, first,
              expected);
    saw_refused += !first && expected;
    saw_full += !expected;
    if (!first)
        return;
    *run = (struct run){first, count, prng_next(&rng)};
    for (uint32_t i = first; i < first + count; i++) {
        CHECK_FMT(is_free(i), "chunk %u was taken twice", i);
        zero_expected = zero_expected && shadow[i].state != DIRTY && shadow[i].state != DISCARDED;
        saw_discarded += shadow[i].state == DISCARDED;
        saw_reserved += shadow[i].state == RESERVED;
        shadow[i].state = USED;
    }
    saw_zero += zero;
    saw_dirty += !zero;
    CHECK_EQ(zero, zero_expected);
    if (zero)
        run_check_zero(run);
    run_mark(run);
}

static void age(uint32_t from, uint32_t until)
{
    for (uint32_t i = from; i < until; i++) {
        shadow[i].state = DIRTY;
        shadow[i].age = ++now;
    }
}

static void give(struct run *run)
{
    bool zero;
    run_check(run);
    if (prng_below(&rng, 3)) {
        bp_chunks_give(run->first, run->count);
    } else {
        REQUIRE(bp_os_discard(bp_chunk_address(run->first) + 8192, 16384, &zero) == 0);
        bp_chunks_give_holed(run->first, run->count);
    }
    age(run->first, run->first + run->count);
    run->count = 0;
}

static uint32_t oldest(void)
{
    uint32_t found = 0;
    for (uint32_t i = begin; i < frontier; i++) {
        if (is_dirty(i) && (!found || shadow[i].age < shadow[found].age))
            found = i;
    }
    return found;
}

static bool unit_is_dirty(uint32_t chunk)
{
    bool dirty = true;
    for (uint32_t i = chunk & ~31u; i < (chunk | 31u) + 1; i++)
        dirty &= i >= begin && i < frontier && is_dirty(i);
    return dirty;
}

// The oldest, but among the 16 oldest one of a unit that is dirty all over goes first.
static uint32_t picked(void)
{
    unsigned after = 0;
    for (int n = 0; n < 16; n++) {
        uint32_t found = 0;
        for (uint32_t i = begin; i < frontier; i++) {
            if (is_dirty(i) && shadow[i].age > after &&
                (!found || shadow[i].age < shadow[found].age))
                found = i;
        }
        if (!found)
            break;
        if (unit_is_dirty(found))
            return found;
        after = shadow[found].age;
    }
    return oldest();
}

static void purge(bool faulty)
{
    uint32_t first = picked(), last = first;
    if (first) {
        while (first > begin && is_dirty(first - 1))
            first--;
        while (last < frontier && is_dirty(last))
            last++;
    }
    if (faulty)
        fault_all(bp_os_charges_commit() ? BP_OS_DECOMMIT : BP_OS_PURGE);
    size_t expected = faulty ? 0 : (last - first) * BP_CHUNK_BYTES;
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), expected);
    fault_none();
    if (faulty)
        age(first, last);
    for (uint32_t i = first; i < last && !faulty; i++)
        shadow[i].state = bp_os_charges_commit() ? RESERVED : stub.zero ? CLEAN : DISCARDED;
}

// Each run of clean chunks is one call; the fault, if any, hits one of them.
static void decommit(bool faulty)
{
    size_t expected = 0;
    unsigned nth = 0, spared = faulty ? 1 + (unsigned)prng_below(&rng, 3) : 0;
    for (uint32_t i = begin; i < frontier;) {
        uint32_t from = i;
        while (i < frontier && is_clean(i))
            i++;
        nth += i > from;
        for (uint32_t j = from; j < i && nth != spared; j++, expected++)
            shadow[j].state = RESERVED;
        i += i == from;
    }
    if (faulty)
        fault_some(BP_OS_DECOMMIT, spared, 1);
    CHECK_EQ(bp_chunks_decommit(), expected * BP_CHUNK_BYTES);
    fault_none();
}

static void step(void)
{
    struct run *run = &runs[prng_below(&rng, RUNS)];
    bool faulty = prng_below(&rng, 6) == 0;
    unsigned what = (unsigned)prng_below(&rng, 100);
    if (what < 10)
        purge(faulty);
    else if (what < 14)
        decommit(faulty);
    else if (run->count)
        give(run);
    else
        take(run, faulty);
}

static void agrees_with_its_shadow(void)
{
    boot();
    fault_none();
    for (int i = 0; i < STEPS; i++) {
        step();
        check_books();
        if (check_failures)
            return;
    }
    // The run has seen what it was made for.
    CHECK(saw_zero > 100 && saw_dirty > 1000 && saw_refused > 30);
    CHECK(saw_full > 100 && saw_reserved > 1000);
    CHECK(bp_os_charges_commit() || saw_discarded > 100);
}

// --- threads ---

static void *thread_body(void *seed)
{
    struct prng r = {(uint64_t)(uintptr_t)seed};
    struct run mine[16] = {{0, 0, 0}};
    for (int i = 0; i < THREAD_STEPS; i++) {
        struct run *run = &mine[prng_below(&r, 16)];
        bool zero;
        if (prng_below(&r, 50) == 0)
            bp_chunks_purge_oldest(SIZE_MAX);
        if (prng_below(&r, 200) == 0)
            bp_chunks_decommit();
        if (run->count) {
            run_check(run);
            bp_chunks_give(run->first, run->count);
            run->count = 0;
            continue;
        }
        *run = (struct run){0, (uint32_t)prng_range(&r, 1, 9), prng_next(&r)};
        run->first = bp_chunks_take(run->count, &zero);
        REQUIRE(run->first != 0);
        if (zero)
            run_check_zero(run);
        run_mark(run);
    }
    for (int i = 0; i < 16; i++) {
        if (mine[i].count)
            bp_chunks_give(mine[i].first, mine[i].count);
    }
    return NULL;
}

static void threads_do_not_share(void)
{
    pthread_t threads[THREADS];
    boot();
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    while (bp_chunks_purge_oldest(SIZE_MAX))
        continue;
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

UNIT_MAIN(UNIT_CASE(agrees_with_its_shadow), UNIT_CASE(threads_do_not_share))
