// SPDX-License-Identifier: MIT
// The library's own functions: slots in memory and in files, objects that stay, allocators as
// values, regions.
#include "public.h"

#include "blocks.h"
#include "hook.h"

#include "bumpalloc/allocator.h"
#include "bumpalloc/large.h"
#include "bumpalloc/region.h"

#include <malloc.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static void each_freed(int count, int step, void (*give)(struct block *))
{
    for (int i = 0; i < count; i += step)
        give(&blocks[i]);
}

// --- slots ---

// Twice, so that the second time meets dirty slots and the first one's clean ones.
static void slots_of(unsigned flags, size_t most_bytes)
{
    const size_t sizes[] = {1, 100 * KIB, most_bytes};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2 * SIZES; i++)
            block_slot(&blocks[i], sizes[i / 2], flags | (i % 2 ? BUMP_LARGE_ZERO : 0));
        if (blocks[2].start)
            CHECK_EQ(bump_large_prefetch(blocks[2].start, 5, 50 * KIB), 0);
        each_freed(2 * SIZES, 1 + round, block_slot_free);
        bump_large_purge(round ? SIZE_MAX : MIB);
    }
    blocks_check();
}

static void eagerly_return(bool wanted)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_EAGER_RETURN, .eager_return = wanted};
    CHECK_EQ(bump_large_configure(&config), 0);
}

void public_slots(void)
{
    slots_of(0, 3 * MIB);
    eagerly_return(true);
    slots_of(BUMP_LARGE_HUGE, 5 * MIB);
    eagerly_return(false);
}

void public_files(void)
{
    slots_of(BUMP_LARGE_FILE, 300 * KIB);
}

void public_auto(void)
{
    for (int i = 0; i < 24; i++)
        block_auto(&blocks[i], (size_t)i * i * i * 80 + 1, i % 3 ? 0 : BUMP_LARGE_ZERO);
    each_freed(24, 2, block_slot_free);
    for (int i = 1; i < 24; i += 4) {
        if (blocks[i].start)
            block_resize(&blocks[i], blocks[i].n_bytes * 2);
    }
}

// --- stable objects: growing, shrinking by steps and at once, up to their maximum ---

void public_stable(void)
{
    static const size_t maxima[] = {KIB, 64 * KIB, MIB, 64 * MIB};
    enum { OBJECTS = 8 };
    for (int i = 0; i < OBJECTS; i++)
        block_stable(&blocks[i], 100 * (size_t)i, maxima[i / 2]);
    for (size_t n = KIB; n <= MIB; n *= 4) {
        for (int i = 0; i < OBJECTS; i++) {
            if (blocks[i].start && n <= maxima[i / 2])
                block_stable_resize(&blocks[i], n);
        }
    }
    each_freed(OBJECTS, 3, block_stable_free);
    for (int i = 0; i < OBJECTS; i++) {
        if (blocks[i].start && block_stable_resize(&blocks[i], 700))
            block_stable_resize(&blocks[i], maxima[i / 2] / 32 + 1);
    }
    for (int i = 0; i < OBJECTS; i += 2) { // beyond the maximum realloc moves it
        if (blocks[i].start)
            block_resize(&blocks[i], 2 * MIB + 9);
    }
}

// --- malloc as a value, with alignments that realloc would forget ---

static void object_resize(const struct bump_allocator *from, size_t align, size_t old_bytes,
                          size_t new_bytes, char **object)
{
    size_t kept = old_bytes < new_bytes ? old_bytes : new_bytes;
    char *moved = (char *)bump_allocator_resize(from, *object, old_bytes, new_bytes, align);
    CHECK(moved || hook_is_armed());
    if (moved)
        *object = moved;
    CHECK_ALIGNED(*object, align);
    CHECK_EQ(pattern_mismatch(*object, kept, align), kept);
    if (!moved)
        CHECK_EQ(pattern_mismatch(*object, old_bytes, align), old_bytes);
}

void public_allocator(void)
{
    struct bump_allocator from = bump_malloc_allocator();
    for (size_t align = 8; align <= 2 * MIB; align *= 64) {
        for (size_t n = 10; n < 200 * KIB; n *= 20) {
            char *object = (char *)bump_allocator_alloc(&from, n, align);
            CHECK(object || hook_is_armed());
            if (!object)
                continue;
            pattern_fill(object, n, align);
            object_resize(&from, align, n, n * 3, &object);
            bump_allocator_free(&from, object, n * 3, align);
        }
    }
}

// --- regions, of memory and of files ---

static unsigned refusals_before;

static bool region_well(int code, const char *what)
{
    CHECK_FMT(!code || (code == -ENOMEM && hook_refusals() > refusals_before), "%s answers %d",
              what, code);
    return code == 0;
}

#define REGION_WELL(call) (refusals_before = hook_refusals(), region_well(call, #call))

// What a call that failed, or made it smaller, leaves is as it was.
static void region_lives(struct bump_region *region)
{
    size_t held = 0;
    for (size_t n = 5000; n <= 3 * MIB; n *= 5) {
        bool grown = REGION_WELL(bump_region_resize(region, n));
        CHECK_EQ(bump_region_size(region), grown ? n : held);
        CHECK_EQ(pattern_mismatch(region->base, held, 21), held);
        held = bump_region_size(region);
        pattern_fill(region->base, held, 21);
    }
    if (held > 2 * MIB)
        REGION_WELL(bump_region_decommit(region, MIB, MIB));
    REGION_WELL(bump_region_sync(region));
    size_t kept = held < 9000 ? held : 9000;
    bool shrunk = REGION_WELL(bump_region_resize(region, kept));
    CHECK_EQ(bump_region_size(region), shrunk ? kept : held);
    CHECK_EQ(pattern_mismatch(region->base, kept, 21), kept);
    REGION_WELL(bump_region_destroy(region));
    CHECK(!region->base);
}

void public_regions(void)
{
    struct bump_region region = {.base = NULL};
    unsigned both = BUMP_PROT_READ_WRITE;
    if (REGION_WELL(bump_region_create(&region, 64 * MIB, both, 0)))
        region_lives(&region);
    if (REGION_WELL(bump_region_create_aligned(&region, 8 * MIB, MIB, both, BUMP_REGION_LAX)))
        region_lives(&region);
    if (REGION_WELL(bump_region_open(&region, NULL, 8 * MIB, both, BUMP_REGION_TEMPORARY)))
        region_lives(&region);
}
