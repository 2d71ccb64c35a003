// SPDX-License-Identifier: MIT
// base: arithmetic on sizes against the slowest possible definitions, atomics, assertions.
#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/limits.h"
#include "unit.h"

static void aligns_up_and_down(void)
{
    for (size_t align = 1; align <= 4096; align *= 2) {
        for (size_t n = 0; n < 9000; n++) {
            size_t down = n - n % align;
            CHECK_FMT(bp_align_down(n, align) == down, "%zu to %zu", n, align);
            CHECK_FMT(bp_align_up(n, align) == (down == n ? n : down + align), "%zu to %zu", n,
                      align);
        }
    }
    CHECK_EQ(bp_align_up(BP_TIB + 1, BP_GIB), BP_TIB + BP_GIB);
    CHECK_EQ(bp_align_down(SIZE_MAX, BP_GIB), SIZE_MAX - BP_GIB + 1);
}

static void knows_powers_of_two(void)
{
    CHECK(!bp_is_power_of_two(0));
    CHECK(!bp_is_power_of_two(SIZE_MAX));
    for (unsigned shift = 0; shift < 64; shift++) {
        size_t power = (size_t)1 << shift;
        CHECK_FMT(bp_is_power_of_two(power), "2^%u", shift);
        CHECK_FMT(power <= 2 || !bp_is_power_of_two(power - 1), "2^%u - 1", shift);
        CHECK_FMT(power < 2 || shift == 63 || !bp_is_power_of_two(power + 1), "2^%u + 1", shift);
    }
}

static void check_logarithms(size_t value)
{
    unsigned below = 0;
    while (below < 63 && ((size_t)2 << below) <= value)
        below++;
    unsigned above = (size_t)1 << below == value ? below : below + 1;
    CHECK_FMT(bp_log2_floor(value) == below, "%zu", value);
    CHECK_FMT(bp_log2_ceil(value) == above, "%zu", value);
}

static void takes_logarithms(void)
{
    for (size_t value = 1; value < 70000; value++)
        check_logarithms(value);
    for (unsigned shift = 16; shift < 64; shift++) {
        check_logarithms(((size_t)1 << shift) - 1);
        check_logarithms((size_t)1 << shift);
        check_logarithms(((size_t)1 << shift) + 1);
    }
}

static void compares(void)
{
    const size_t values[] = {0, 1, 2, 4096, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 7; j++) {
            size_t a = values[i], b = values[j];
            CHECK_EQ(bp_min(a, b), values[i < j ? i : j]);
            CHECK_EQ(bp_max(a, b), values[i < j ? j : i]);
            CHECK_EQ(bp_sub_or_zero(a, b), i < j ? 0 : a - b);
        }
    }
}

static void atomics_answer_what_was_there(void)
{
    bp_atomic_size size = 5;
    bp_atomic_u32 word = 7;
    bp_atomic_ptr pointer = &size;
    CHECK_EQ(bp_add_relaxed(&size, 3), 5);
    CHECK_EQ(bp_sub_relaxed(&size, 1), 8);
    CHECK_EQ(bp_load_relaxed(&size), 7);
    // pairs with nothing in this case: one thread
    CHECK(!bp_cas_u32_acquire(&word, 6, 1));
    CHECK_EQ(bp_load_u32_relaxed(&word), 7);
    // pairs with nothing in this case: one thread
    CHECK(bp_cas_u32_acquire(&word, 7, 1));
    CHECK_EQ(bp_exchange_u32_release(&word, 2), 1);
    // pairs with nothing in this case: one thread
    CHECK_EQ(bp_exchange_u32_acquire(&word, 3), 2);
    CHECK_PTR(bp_exchange_ptr_acquire(&pointer, NULL), &size);
    // pairs with nothing in this case: one thread
    CHECK_NULL(bp_exchange_ptr_acq_rel(&pointer, &word));
    CHECK_PTR(bp_load_ptr_relaxed(&pointer), &word);
}

static void assert_a_lie(void)
{
    bp_assert(check_failures != 0);
}

static void assertions_trap(void)
{
    bp_assert(check_failures == 0);
    unit_expect_trap("assert_a_lie", assert_a_lie);
}

static void limits_agree(void)
{
    CHECK_EQ(BP_CHUNK_BYTES, 65536);
    CHECK_EQ((size_t)1 << BP_SLOT_MIN_SHIFT, BP_CHUNK_BYTES);
    CHECK_EQ(BP_REGION_COUNT, 23);
    CHECK_EQ(BP_REQUEST_MAX, PTRDIFF_MAX);
    CHECK(BP_RESERVE_MIN < BP_RESERVE_DEFAULT && BP_RESERVE_DEFAULT < BP_ADDRESS_MAX);
}

UNIT_MAIN(UNIT_CASE(aligns_up_and_down), UNIT_CASE(knows_powers_of_two),
          UNIT_CASE(takes_logarithms), UNIT_CASE(compares),
          UNIT_CASE(atomics_answer_what_was_there), UNIT_CASE(assertions_trap),
          UNIT_CASE(limits_agree))
