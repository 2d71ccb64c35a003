// SPDX-License-Identifier: MIT
#include "reserve/chunks.h"

#include "base/bits.h"
#include "base/check.h"
#include "core/counters.h"
#include "core/lock.h"
#include "os/os.h"
#include "reserve/budget.h"
#include "reserve/chunk_group.h"
#include "reserve/huge.h"
#include "reserve/limit.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "reserve/stamp.h"

enum chunk_state {
    CHUNK_USED,
    CHUNK_CLEAN,
    CHUNK_DISCARDED,
    CHUNK_DIRTY,
    CHUNK_RESERVED,
    CHUNK_BUSY
};

enum {
    UNIT_CHUNKS = 32, // 2 MiB: a huge page on x86-64
    PICK_AMONG = 16,
};

static struct {
    struct bp_lock lock;            // rank CHUNKS: guards all below and the chunk records
    uint32_t frontier;              // chunks from arena_begin to here are committed
    uint32_t free_hint, dirty_hint; // no bit is set below
    uint32_t oldest, newest;        // dirty list
    bool has_clean;                 // chunks may be free, clean or discarded, and committed
    uint32_t busy;                  // chunks that a purge or decommit has in its hands
} arena BP_LINE_ALIGNED = {.lock = BP_LOCK_INIT(BP_RANK_CHUNKS)};

struct bp_lock *bp_chunks_lock(void)
{
    return &arena.lock;
}

// --- bitmaps: the first group's word, which stands for those of all ---

static uint64_t *free_bits(void)
{
    return &bp_chunk_group_of(0)->free_bits;
}

static uint64_t *dirty_bits(void)
{
    return &bp_chunk_group_of(0)->dirty_bits;
}

static uint64_t *word_at(const uint64_t *bits, uint32_t at)
{
    return (uint64_t *)bits + at / BP_CHUNK_GROUP * (sizeof(struct bp_chunk_group) / sizeof(*bits));
}

static bool bit_is_set(const uint64_t *bits, uint32_t at)
{
    return *word_at(bits, at) >> at % 64 & 1;
}

static void bit_set(uint64_t *bits, uint32_t at)
{
    *word_at(bits, at) |= (uint64_t)1 << at % 64;
}

static void bit_clear(uint64_t *bits, uint32_t at)
{
    *word_at(bits, at) &= ~((uint64_t)1 << at % 64);
}

// First bit at or after `at` that equals `flip` inverted (flip 0: set, ~0: clear), or end.
static uint32_t bit_find(const uint64_t *bits, uint32_t at, uint32_t end, uint64_t flip)
{
    while (at < end) {
        uint64_t word = (*word_at(bits, at) ^ flip) >> at % 64;
        if (word) {
            at += (uint32_t)__builtin_ctzll(word);
            return at < end ? at : end;
        }
        at = (at | 63) + 1;
    }
    return end;
}

// First run of `count` set bits in [from, end), or 0.
static uint32_t bit_find_run(const uint64_t *bits, uint32_t from, uint32_t end, uint32_t count)
{
    uint32_t at = bit_find(bits, from, end, 0);
    while (at < end && end - at >= count) {
        uint32_t stop = bit_find(bits, at, at + count, ~(uint64_t)0);
        if (stop - at == count)
            return at;
        at = bit_find(bits, stop, end, 0);
    }
    return 0;
}

// --- the dirty list ---

static void dirty_insert_locked(uint32_t index, bool holed)
{
    struct bp_chunk *it = bp_chunk_at(index);
    it->state = CHUNK_DIRTY;
    it->holed = holed;
    it->stamp = bp_stamp_next();
    it->newer = 0;
    it->older = arena.newest;
    if (arena.newest)
        bp_chunk_at(arena.newest)->newer = index;
    else
        arena.oldest = index;
    arena.newest = index;
    bp_add_relaxed(&bp_counters.dirty_bytes, BP_CHUNK_BYTES);
    bit_set(dirty_bits(), index);
    arena.dirty_hint = index < arena.dirty_hint ? index : arena.dirty_hint;
}

static void dirty_remove_locked(uint32_t index)
{
    struct bp_chunk *it = bp_chunk_at(index);
    if (it->older)
        bp_chunk_at(it->older)->newer = it->newer;
    else
        arena.oldest = it->newer;
    if (it->newer)
        bp_chunk_at(it->newer)->older = it->older;
    else
        arena.newest = it->older;
    bit_clear(dirty_bits(), index);
    bp_sub_relaxed(&bp_counters.dirty_bytes, BP_CHUNK_BYTES);
}

static void free_insert_locked(uint32_t index)
{
    bit_set(free_bits(), index);
    arena.free_hint = index < arena.free_hint ? index : arena.free_hint;
}

// --- growth ---

static size_t in_use_bytes(void)
{
    return (size_t)(arena.frontier - bp_reservation.arena_begin) << BP_CHUNK_SHIFT;
}

static bool window_commit_locked(uint32_t count)
{
    size_t n_bytes = (size_t)count << BP_CHUNK_SHIFT;
    char *at = bp_chunk_address(arena.frontier);
    if (count > bp_reservation.arena_end - arena.frontier ||
        !bp_meta_commit_chunks(arena.frontier + count) || !bp_reserve_commit(at, n_bytes))
        return false;
    // Each heap runs a span for each class, of which it may have touched little.
    bp_huge_window(at, n_bytes,
                   bp_sub_or_zero(in_use_bytes(), bp_load_relaxed(&bp_counters.run_bytes)));
    for (uint32_t i = 0; i < count; i++) {
        bp_chunk_at(arena.frontier + i)->state = CHUNK_CLEAN;
        free_insert_locked(arena.frontier + i);
    }
    arena.frontier += count;
    arena.has_clean = true;
    bp_hot.arena_units = (size_t)arena.frontier << (BP_CHUNK_SHIFT - 4);
    return true;
}

static uint32_t window_chunks(void)
{
    return (uint32_t)(bp_reserve_window_bytes(in_use_bytes()) >> BP_CHUNK_SHIFT);
}

// Moves the frontier so that a run of `count` ends at or before it; returns the run or 0.
static uint32_t grow_locked(uint32_t count)
{
    uint32_t tail = arena.frontier;
    if (!arena.frontier) {
        arena.frontier = arena.free_hint = arena.dirty_hint = tail = bp_reservation.arena_begin;
        if (!tail)
            return 0;
    }
    while (tail > bp_reservation.arena_begin && bit_is_set(free_bits(), tail - 1))
        tail--;
    uint32_t missing = count - (arena.frontier - tail);
    uint32_t window = window_chunks();
    if ((missing < window && window_commit_locked(window)) || window_commit_locked(missing))
        return tail;
    return 0;
}

// --- taking and giving ---

static uint32_t find_locked(uint32_t count)
{
    arena.dirty_hint = bit_find(dirty_bits(), arena.dirty_hint, arena.frontier, 0);
    uint32_t run = bit_find_run(dirty_bits(), arena.dirty_hint, arena.frontier, count);
    if (run)
        return run;
    arena.free_hint = bit_find(free_bits(), arena.free_hint, arena.frontier, 0);
    return bit_find_run(free_bits(), arena.free_hint, arena.frontier, count);
}

static bool recommit_locked(uint32_t index)
{
    if (!bp_reserve_commit(bp_chunk_address(index), BP_CHUNK_BYTES))
        return false;
    bp_chunk_at(index)->state = CHUNK_CLEAN;
    arena.has_clean = true;
    return true;
}

// What a run held before it was taken.
struct past {
    bool zero, holed;
    struct bp_regret regret;
};

static bool use_locked(uint32_t first, uint32_t count, struct past *past)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (bp_chunk_at(i)->state == CHUNK_RESERVED && !recommit_locked(i))
            return false;
    }
    for (uint32_t i = first; i < first + count; i++) {
        struct bp_chunk *it = bp_chunk_at(i);
        past->zero &= it->state != CHUNK_DIRTY && it->state != CHUNK_DISCARDED;
        past->holed |= it->holed;
        if (it->state == CHUNK_DIRTY) {
            dirty_remove_locked(i);
        } else if (it->stamp) {
            past->regret.n_bytes += BP_CHUNK_BYTES;
            past->regret.purge_time = it->stamp;
        }
        bit_clear(free_bits(), i);
        it->state = CHUNK_USED;
        it->holed = false;
    }
    return true;
}

// bp_os_reuse needs no lock: the run is the caller's by then.
uint32_t bp_chunks_take(uint32_t count, bool *ret_zero)
{
    struct past past = {.zero = true};
    size_t n_bytes = (size_t)count << BP_CHUNK_SHIFT;
    if (!bp_limit_charge(&bp_counters.span_bytes, n_bytes))
        return 0;
    bp_lock_take(&arena.lock);
    uint32_t first = arena.frontier ? find_locked(count) : 0;
    if (!first)
        first = grow_locked(count);
    if (first && !use_locked(first, count, &past))
        first = 0;
    bp_lock_give(&arena.lock);
    if (!first)
        bp_sub_relaxed(&bp_counters.span_bytes, n_bytes);
    if (past.holed)
        bp_os_reuse(bp_chunk_address(first), n_bytes);
    *ret_zero = past.zero;
    bp_budget_regret(past.regret);
    return first;
}

static void give(uint32_t first, uint32_t count, bool holed)
{
    bp_add_relaxed(&bp_counters.returns, 1);
    bp_lock_take(&arena.lock);
    bp_sub_relaxed(&bp_counters.span_bytes, (size_t)count << BP_CHUNK_SHIFT);
    for (uint32_t i = first; i < first + count; i++) {
        bp_assert(bp_chunk_at(i)->state == CHUNK_USED);
        dirty_insert_locked(i, holed);
        free_insert_locked(i);
    }
    bp_lock_give(&arena.lock);
}

void bp_chunks_give(uint32_t first, uint32_t count)
{
    give(first, count, false);
}

void bp_chunks_give_holed(uint32_t first, uint32_t count)
{
    give(first, count, true);
}

// --- giving back to the system ---

uint32_t bp_chunks_oldest_stamp(void)
{
    bp_lock_take(&arena.lock);
    uint32_t stamp = arena.oldest ? bp_chunk_at(arena.oldest)->stamp : BP_STAMP_NEVER;
    bp_lock_give(&arena.lock);
    return stamp;
}

// A huge page is worth more whole: among the oldest few dirty chunks, the first whose unit is dirty
// all over goes before the others.
static uint32_t purge_pick_locked(void)
{
    uint32_t index = arena.oldest;
    for (unsigned i = 0; index && i < PICK_AMONG; i++) {
        if ((uint32_t)(*word_at(dirty_bits(), index) >> (index & 32)) == UINT32_MAX)
            return index;
        index = bp_chunk_at(index)->newer;
    }
    return arena.oldest;
}

// How many chunks of the unit around `index` outside [first, end) hold pages.
static uint32_t held_around_locked(uint32_t index, uint32_t first, uint32_t end)
{
    uint32_t held = 0;
    uint32_t unit = index & ~(uint32_t)(UNIT_CHUNKS - 1);
    for (uint32_t i = unit; i < unit + UNIT_CHUNKS && i < arena.frontier; i++) {
        bool outside = i >= bp_reservation.arena_begin && (i < first || i >= end);
        uint32_t state = bp_chunk_at(i)->state;
        held += outside && (state == CHUNK_USED || state == CHUNK_DIRTY);
    }
    return held;
}

// How much of [first, end) lies in units that hold other pages.
static size_t torn_bytes_locked(uint32_t first, uint32_t end)
{
    uint32_t head_end = (first | (UNIT_CHUNKS - 1)) + 1;
    uint32_t tail = (end - 1) & ~(uint32_t)(UNIT_CHUNKS - 1);
    uint32_t torn = 0;
    if (held_around_locked(first, first, end))
        torn += (uint32_t)bp_min(head_end, end) - first;
    if (tail >= head_end && held_around_locked(tail, first, end))
        torn += end - tail;
    return (size_t)torn << BP_CHUNK_SHIFT;
}

// Detaches an old dirty chunk with dirty neighbours, at most so many; returns the run's length.
static uint32_t detach_oldest_locked(uint32_t most, uint32_t *ret_first)
{
    uint32_t pick = purge_pick_locked();
    uint32_t first = pick, end = pick + 1;
    if (!pick)
        return 0;
    while (first % UNIT_CHUNKS && first > bp_reservation.arena_begin &&
           bit_is_set(dirty_bits(), first - 1))
        first--;
    while (end - first < most && end < arena.frontier && bit_is_set(dirty_bits(), end))
        end++;
    while (end - first < most && first > bp_reservation.arena_begin &&
           bit_is_set(dirty_bits(), first - 1))
        first--;
    for (uint32_t i = first; i < end; i++) {
        dirty_remove_locked(i);
        bit_clear(free_bits(), i);
        bp_chunk_at(i)->state = CHUNK_BUSY;
    }
    arena.busy += end - first;
    *ret_first = first;
    return end - first;
}

static struct bp_chunk purged_chunk(bool zero)
{
    enum chunk_state state = !zero                    ? CHUNK_DISCARDED
                             : bp_os_charges_commit() ? CHUNK_RESERVED
                                                      : CHUNK_CLEAN;
    return (struct bp_chunk){.stamp = bp_budget_purge_time(), .state = state, .holed = !zero};
}

static void purge_settle(uint32_t first, uint32_t count, bool failed, bool zero)
{
    struct bp_chunk purged = purged_chunk(zero);
    bp_lock_take(&arena.lock);
    for (uint32_t i = first; i < first + count; i++) {
        if (failed)
            dirty_insert_locked(i, bp_chunk_at(i)->holed);
        else
            *bp_chunk_at(i) = purged;
        free_insert_locked(i);
    }
    arena.busy -= count;
    arena.has_clean = true;
    if (!failed)
        bp_add_relaxed(&bp_counters.torn_bytes, torn_bytes_locked(first, first + count));
    bp_lock_give(&arena.lock);
}

size_t bp_chunks_purge_oldest(size_t wanted_bytes)
{
    uint32_t first;
    size_t most = bp_max(wanted_bytes >> BP_CHUNK_SHIFT, UNIT_CHUNKS);
    bp_lock_take(&arena.lock);
    uint32_t count = detach_oldest_locked((uint32_t)bp_min(most, UINT32_MAX), &first);
    bp_lock_give(&arena.lock);
    if (!count)
        return 0;
    bool zero;
    size_t n_bytes = (size_t)count << BP_CHUNK_SHIFT;
    bool failed = !bp_reserve_discard(bp_chunk_address(first), n_bytes, &zero);
    purge_settle(first, count, failed, zero);
    return failed ? 0 : n_bytes;
}

static bool is_idle(const struct bp_chunk *it)
{
    return it->state == CHUNK_CLEAN || it->state == CHUNK_DISCARDED;
}

// The next run of clean or discarded chunks at or after `from`, marked busy.
static uint32_t detach_idle_locked(uint32_t from, uint32_t *ret_first)
{
    uint32_t first = from;
    while (first < arena.frontier && !is_idle(bp_chunk_at(first)))
        first++;
    uint32_t end = first;
    for (; end < arena.frontier && is_idle(bp_chunk_at(end)); end++) {
        bp_chunk_at(end)->state = CHUNK_BUSY;
        bit_clear(free_bits(), end);
    }
    arena.busy += end - first;
    *ret_first = first;
    return end - first;
}

static size_t decommit_run(uint32_t first, uint32_t count)
{
    size_t n_bytes = (size_t)count << BP_CHUNK_SHIFT;
    bool done = bp_reserve_decommit(bp_chunk_address(first), n_bytes);
    bp_lock_take(&arena.lock);
    for (uint32_t i = first; i < first + count; i++) {
        struct bp_chunk *it = bp_chunk_at(i);
        it->state = done ? CHUNK_RESERVED : it->holed ? CHUNK_DISCARDED : CHUNK_CLEAN;
        it->holed &= !done;
        arena.has_clean |= !done;
        free_insert_locked(i);
    }
    arena.busy -= count;
    bp_lock_give(&arena.lock);
    return done ? n_bytes : 0;
}

size_t bp_chunks_decommit(void)
{
    size_t total = 0;
    bp_lock_take(&arena.lock);
    bool worthwhile = arena.has_clean;
    arena.has_clean = false;
    bp_lock_give(&arena.lock);
    if (!worthwhile)
        return 0;
    uint32_t first = bp_reservation.arena_begin;
    for (uint32_t count = 1; count; first += count) {
        bp_lock_take(&arena.lock);
        count = detach_idle_locked(first, &first);
        bp_lock_give(&arena.lock);
        if (count)
            total += decommit_run(first, count);
    }
    return total;
}

void bp_chunks_after_fork(void)
{
    bp_lock_take(&arena.lock);
    for (uint32_t i = bp_reservation.arena_begin; arena.busy && i < arena.frontier; i++) {
        if (bp_chunk_at(i)->state != CHUNK_BUSY)
            continue;
        // Purged or not, decommitted or not: make it both.
        bp_os_purge(bp_chunk_address(i), BP_CHUNK_BYTES);
        *bp_chunk_at(i) = (struct bp_chunk){.state = CHUNK_RESERVED};
        bp_sub_relaxed(&bp_counters.committed_bytes, BP_CHUNK_BYTES);
        free_insert_locked(i);
        arena.busy--;
    }
    bp_lock_give(&arena.lock);
}
