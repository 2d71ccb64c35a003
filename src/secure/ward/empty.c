// SPDX-License-Identifier: MIT
// Objects of no bytes: addresses of a range that cannot be touched, one bit for each 16 bytes.
#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "os/os.h"
#include "ward/table.h"

enum { RANGE_BYTES = 64 << 20, WORDS = RANGE_BYTES / BP_OBJECT_ALIGN / 64 };

static struct {
    bp_atomic_ptr begin; // set once
    uint64_t *used;      // the rest is under bp_ward_table_lock()
    size_t at;
} range;

static bool range_make_locked(void)
{
    void *begin, *used;
    if (range.used)
        return true;
    if (bp_os_map_guarded(WORDS * sizeof(uint64_t), &used))
        return false;
    if (bp_os_reserve(RANGE_BYTES, bp_os_page_bytes(), &begin)) {
        bp_os_unmap_guarded(used, WORDS * sizeof(uint64_t));
        return false;
    }
    range.used = used;
    // pairs with bp_empty_owns: the address is all there is
    bp_store_ptr_release(&range.begin, begin);
    return true;
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
    bp_lock_take(bp_ward_table_lock());
    size_t unit = range_make_locked() ? take_locked() : SIZE_MAX;
    char *begin = bp_load_ptr_relaxed(&range.begin);
    bp_lock_give(bp_ward_table_lock());
    return unit == SIZE_MAX ? NULL : begin + unit * BP_OBJECT_ALIGN;
}

bool bp_empty_owns(const void *object)
{
    // pairs with range_make_locked
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
