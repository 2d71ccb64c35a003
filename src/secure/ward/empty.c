// SPDX-License-Identifier: MIT
// Objects of no bytes: addresses of a range that cannot be touched, one bit for each 16 bytes.
#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "os/os.h"
#include "reserve/reserve.h"
#include "thread/request.h"
#include "ward/table.h"

enum { RANGE_BYTES = 16 << 20, WORDS = RANGE_BYTES / BP_OBJECT_ALIGN / 64 };

static struct {
    bp_atomic_ptr begin; // set once
    uint64_t *used;      // the rest is under bp_ward_table_lock()
    size_t at;
} range;

// A slot, which is ours like all others (bump_owns), without its memory; or other addresses.
static void *addresses_take(void)
{
    void *begin = bp_request_alloc(RANGE_BYTES, bp_os_page_bytes(), false);
    if (begin && bp_reserve_release(begin, RANGE_BYTES, RANGE_BYTES, 0))
        return begin;
    if (begin)
        bp_request_free(begin);
    return bp_os_reserve(RANGE_BYTES, bp_os_page_bytes(), &begin) ? NULL : begin;
}

static bool range_make(void)
{
    void *used, *begin;
    // pairs with the exchange below
    if (bp_load_ptr_acquire(&range.begin))
        return true;
    if (bp_os_map_guarded(WORDS * sizeof(uint64_t), &used))
        return false;
    begin = addresses_take();
    bp_lock_take(bp_ward_table_lock());
    bool made = begin && !range.used;
    if (made) {
        range.used = used;
        // pairs with the acquire above and in bp_empty_owns: the map is there
        bp_store_ptr_release(&range.begin, begin);
    }
    bp_lock_give(bp_ward_table_lock());
    if (!made) // somebody was faster, and the addresses are lost; or there are none
        bp_os_unmap_guarded(used, WORDS * sizeof(uint64_t));
    return made || bp_load_ptr_relaxed(&range.begin);
}

// The first free address at or behind the cursor, so that one comes back after all others.
static size_t take_locked(void)
{
    for (size_t tried = 0; tried <= WORDS; tried++) {
        uint64_t *word = &range.used[range.at / 64];
        uint64_t left = ~*word & ~(uint64_t)0 << range.at % 64;
        if (left) {
            size_t bit = (size_t)__builtin_ctzll(left);
            *word |= (uint64_t)1 << bit;
            size_t unit = range.at / 64 * 64 + bit;
            range.at = (unit + 1) % (WORDS * 64ul);
            return unit;
        }
        range.at = (range.at / 64 + 1) % WORDS * 64;
    }
    return SIZE_MAX;
}

void *bp_empty_alloc(void)
{
    if (!range_make())
        return NULL;
    bp_lock_take(bp_ward_table_lock());
    size_t unit = take_locked();
    char *begin = bp_load_ptr_relaxed(&range.begin);
    bp_lock_give(bp_ward_table_lock());
    return unit == SIZE_MAX ? NULL : begin + unit * BP_OBJECT_ALIGN;
}

bool bp_empty_owns(const void *object)
{
    // pairs with range_make
    char *begin = bp_load_ptr_acquire(&range.begin);
    return begin && (size_t)object - (size_t)begin < RANGE_BYTES;
}

static size_t unit_of(const void *object)
{
    return ((size_t)object - (size_t)bp_load_ptr_relaxed(&range.begin)) / BP_OBJECT_ALIGN;
}

bool bp_empty_is_used(const void *object)
{
    size_t unit = unit_of(object);
    bp_lock_take(bp_ward_table_lock());
    bool used = range.used[unit / 64] >> unit % 64 & 1;
    bp_lock_give(bp_ward_table_lock());
    return used && (size_t)object % BP_OBJECT_ALIGN == 0;
}

void bp_empty_free(void *object)
{
    size_t unit = unit_of(object);
    bp_lock_take(bp_ward_table_lock());
    range.used[unit / 64] &= ~((uint64_t)1 << unit % 64);
    bp_lock_give(bp_ward_table_lock());
}
