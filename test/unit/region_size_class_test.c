// SPDX-License-Identifier: MIT
// region: every request maps to the smallest class that holds it.
#include "region/size_class.h"
#include "unit.h"

// The slow way.
static unsigned smallest_class(size_t n, size_t align)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        if (bp_class[i].object_bytes >= n && bp_class[i].object_bytes % align == 0)
            return i;
    }
    return 0;
}

static void maps_to_the_smallest(void)
{
    for (size_t n = 0; n <= BP_SMALL_MAX; n++)
        CHECK_FMT(bp_class_for(n) == smallest_class(n, 1), "%zu bytes: class %u, not %u", n,
                  bp_class_for(n), smallest_class(n, 1));
}

static void check_keys(unsigned owner)
{
    uint16_t keys[BP_KEY_COUNT];
    memset(keys, 0xff, sizeof keys);
    bp_class_fill_keys(keys, owner);
    for (size_t n = 0; n <= BP_SMALL_MAX; n++) {
        size_t key = keys[(n + 15) / 16];
        CHECK_FMT(bp_key_class(key) == smallest_class(n, 1), "%zu bytes", n);
        CHECK_FMT(bp_key_owner(key) == owner, "%zu bytes, owner %u", n, owner);
    }
}

// The hot path's tables, one for each owner.
static void key_tables_agree(void)
{
    CHECK_EQ(bp_key(0, 0), 0);
    for (unsigned owner = 0; owner < BP_OWNER_COUNT; owner++)
        check_keys(owner);
    CHECK(bp_key(BP_CLASS_COUNT - 1, BP_OWNER_COUNT - 1) <= UINT16_MAX);
}

static void classes_are_aligned_and_ascend(void)
{
    CHECK_EQ(bp_class[0].object_bytes, 0);
    CHECK_EQ(bp_class[1].object_bytes, 16);
    CHECK_EQ(bp_class[BP_CLASS_COUNT - 1].object_bytes, BP_SMALL_MAX);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        size_t bytes = bp_class[i].object_bytes, below = bp_class[i - 1].object_bytes;
        CHECK_FMT(bytes % BP_OBJECT_ALIGN == 0 && bytes > below, "class %u has %zu bytes", i,
                  bytes);
        // 16-byte steps, then an eighth, then a quarter of the power of two below.
        size_t power = (size_t)1 << bp_log2_floor(below ? below : 1);
        size_t step = bytes <= 256 ? 16 : bytes <= 1024 ? power / 8 : power / 4;
        CHECK_FMT(bytes - below == step, "class %u is %zu above the last", i, bytes - below);
    }
}

static void spans_and_magazines_fit(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        const struct bp_class *it = &bp_class[i];
        CHECK_FMT(it->span_objects == BP_CHUNK_BYTES / it->object_bytes, "class %u", i);
        uint32_t capacity = bp_max(it->span_objects, 4);
        CHECK_FMT(it->magazine_capacity == capacity, "class %u: %u", i, it->magazine_capacity);
        CHECK_FMT(i == 1 || it->magazine_capacity <= it[-1].magazine_capacity, "class %u", i);
    }
}

static void aligned_requests_get_aligned_classes(void)
{
    for (size_t align = 1; align <= BP_SMALL_MAX; align *= 2) {
        for (size_t n = 0; n <= BP_SMALL_MAX; n += n < 300 ? 1 : 61) {
            unsigned expected = smallest_class(n, align);
            CHECK_FMT(bp_class_for_aligned(n, align) == expected, "%zu bytes at %zu", n, align);
            CHECK_FMT(expected != 0, "%zu bytes at %zu", n, align);
        }
    }
}

static void no_class_above_the_largest(void)
{
    CHECK_EQ(bp_class_for_aligned(BP_SMALL_MAX + 1, 1), 0);
    CHECK_EQ(bp_class_for_aligned(BP_SMALL_MAX + 1, 16), 0);
    CHECK_EQ(bp_class_for_aligned(1, 2 * BP_SMALL_MAX), 0);
    CHECK_EQ(bp_class_for_aligned(SIZE_MAX, 16), 0);
    CHECK_EQ(bp_class_for_aligned(BP_SMALL_MAX, BP_SMALL_MAX), BP_CLASS_COUNT - 1);
}

UNIT_MAIN(UNIT_CASE(maps_to_the_smallest), UNIT_CASE(key_tables_agree),
          UNIT_CASE(classes_are_aligned_and_ascend), UNIT_CASE(spans_and_magazines_fit),
          UNIT_CASE(aligned_requests_get_aligned_classes), UNIT_CASE(no_class_above_the_largest))
