// SPDX-License-Identifier: MIT
#include "reserve/reserve.h"

#include "base/bits.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/huge.h"
#include "reserve/meta.h"
#include "reserve/strict.h"

enum {
    HEAPS_WITH_REGIONS = 1 << 17, // threads at a time with a heap of their own
    HEAPS_CHARGED = 1 << 12,      // where the records of the chunks that they take are charged
    HEAPS_WITHOUT = 1 << 8,
    SHARES = 32, // class regions get 1/32 of the reservation each, the arena area 8/32
};

#define GAP_BYTES_MAX (512 * BP_MIB)

struct bp_hot bp_hot;
struct bp_reservation bp_reservation;

// Programs that pin memory count on not one madvise then, and pay with larger core dumps.
static void dump_flag(void *addr, size_t n_bytes, bool wanted)
{
    if (bp_options.purge != BP_PURGE_NEVER)
        bp_os_dump(addr, n_bytes, wanted);
}

bool bp_reserve_commit(void *addr, size_t n_bytes)
{
    if (bp_os_commit(addr, n_bytes)) {
        bp_add_relaxed(&bp_counters.commit_failures, 1);
        return false;
    }
    dump_flag(addr, n_bytes, true);
    bp_add_relaxed(&bp_counters.committed_bytes, n_bytes);
    return true;
}

bool bp_reserve_decommit(void *addr, size_t n_bytes)
{
    if (bp_os_decommit(addr, n_bytes))
        return false;
    dump_flag(addr, n_bytes, false);
    bp_sub_relaxed(&bp_counters.committed_bytes, n_bytes);
    return true;
}

static bool purge(void *addr, size_t n_bytes, size_t dirty_bytes)
{
    if (bp_options.purge == BP_PURGE_NEVER)
        return false;
    bool failed = bp_os_purge(addr, n_bytes) != 0;
    bp_reserve_note_purge(failed, dirty_bytes);
    return !failed;
}

bool bp_reserve_purge(void *addr, size_t n_bytes, size_t dirty_bytes)
{
    if (bp_os_charges_commit())
        return bp_reserve_release(addr, n_bytes, n_bytes, dirty_bytes);
    return purge(addr, n_bytes, dirty_bytes);
}

static bool discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    if (bp_options.purge == BP_PURGE_NEVER)
        return false;
    bool failed = bp_os_discard(addr, n_bytes, ret_zero) != 0;
    bp_reserve_note_purge(failed, n_bytes);
    return !failed;
}

bool bp_reserve_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    *ret_zero = true;
    if (bp_os_charges_commit())
        return bp_reserve_release(addr, n_bytes, n_bytes, n_bytes);
    return discard(addr, n_bytes, ret_zero);
}

bool bp_reserve_punch(void *addr, size_t n_bytes)
{
    bool zero;
    return discard(addr, n_bytes, &zero);
}

bool bp_reserve_release(void *addr, size_t n_bytes, size_t committed_bytes, size_t dirty_bytes)
{
    if (bp_options.purge == BP_PURGE_NEVER)
        return false;
    bool failed = bp_os_decommit(addr, n_bytes) != 0;
    bp_reserve_note_purge(failed, dirty_bytes);
    bp_sub_relaxed(&bp_counters.committed_bytes, failed ? 0 : committed_bytes);
    return !failed;
}

// Large enough to be rare; and where commit is charged, no more than an eighth too much.
size_t bp_reserve_window_bytes(size_t in_use_bytes)
{
    if (BP_STRICT_WINDOWS)
        return BP_CHUNK_BYTES;
    if (!bp_os_charges_commit())
        return in_use_bytes < 64 * BP_MIB ? 2 * BP_MIB : 32 * BP_MIB;
    size_t eighth = bp_min(in_use_bytes / 8, 8 * BP_MIB);
    return (size_t)1 << bp_log2_floor(bp_max(eighth, BP_CHUNK_BYTES));
}

void bp_reserve_note_purge(bool failed, size_t dirty_bytes)
{
    bp_add_relaxed(&bp_counters.purges, 1);
    bp_add_relaxed(&bp_counters.purged_bytes, failed ? 0 : dirty_bytes);
    bp_add_relaxed(&bp_counters.purge_failures, failed ? 1 : 0);
}

// Under an address limit, leave room for stacks, libraries, direct mappings, and what runtimes
// reserve for themselves. What a quarter does not hold, direct mappings do.
static size_t affordable_bytes(size_t wanted_bytes)
{
    size_t limit = bp_os_address_limit();
    if (limit == SIZE_MAX)
        return wanted_bytes;
    return bp_min(wanted_bytes, limit / 4);
}

// One step of the ladder; the reservation is as large as its alignment allows.
static bool reserve_some(size_t n_bytes)
{
    bool regions = n_bytes >= BP_RESERVE_REGIONS_MIN;
    size_t align = regions ? BP_SLOT_ALIGN_MAX : 2 * BP_MIB;
    void *base;
    if (bp_os_reserve(n_bytes, align, &base))
        return false;
    bp_os_name(base, n_bytes);
    bp_huge_init(base, n_bytes);
    dump_flag(base, n_bytes, false);
    bp_reservation.base = base;
    bp_reservation.n_bytes = n_bytes;
    return true;
}

// Left out in front of the arena area, so that the first spans lie elsewhere in each process. What
// the records of so many chunks cost is commit charge alone.
static size_t gap_bytes(size_t low_bytes)
{
    size_t most = bp_min(GAP_BYTES_MAX, low_bytes / 64) / (2 * BP_MIB);
    return most ? (size_t)(bp_os_random() % most) * 2 * BP_MIB : 0;
}

static void lay_out(void)
{
    struct bp_reservation *it = &bp_reservation;
    size_t low_bytes = it->n_bytes;
    size_t heaps = HEAPS_WITHOUT;
    if (it->n_bytes >= BP_RESERVE_REGIONS_MIN) {
        it->region_count = BP_REGION_COUNT;
        it->region_shift = bp_log2_floor(it->n_bytes / SHARES);
        low_bytes = (size_t)8 << it->region_shift;
        heaps = bp_os_charges_commit() ? HEAPS_CHARGED : HEAPS_WITH_REGIONS;
    }
    size_t chunk_count = low_bytes >> BP_CHUNK_SHIFT;
    size_t meta = bp_meta_layout(it->base, chunk_count, heaps, it->region_count, it->region_shift);
    it->arena_begin =
        (uint32_t)((bp_align_up(meta, 2 * BP_MIB) + gap_bytes(low_bytes)) >> BP_CHUNK_SHIFT);
    it->arena_end = (uint32_t)chunk_count;
    bp_meta_skip_chunks(it->arena_begin);
    it->regions = bp_chunk_address(it->arena_end);
    bp_hot.base = it->base;
}

void bp_reserve_init(size_t wanted_bytes)
{
    if (wanted_bytes == BP_RESERVE_DEFAULT)
        wanted_bytes = bp_os_reserve_default();
    size_t n_bytes = bp_align_down(affordable_bytes(wanted_bytes), 2 * BP_MIB);
    n_bytes = bp_min(n_bytes, BP_ADDRESS_MAX / 2);
    if (n_bytes >= BP_RESERVE_REGIONS_MIN)
        n_bytes = (size_t)1 << bp_log2_floor(n_bytes);
    for (; n_bytes >= BP_RESERVE_MIN; n_bytes = bp_align_down(n_bytes / 2, 2 * BP_MIB)) {
        if (reserve_some(n_bytes)) {
            lay_out();
            return;
        }
    }
}
