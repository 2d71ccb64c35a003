// SPDX-License-Identifier: MIT
// region: pages move between classes 100,000 times, as objects come, go and outgrow their slots;
// the process's mappings, and the pieces that the library counts, stay within a bound that is
// derived.
#include "../limits/maps.h"
#include "prng.h"
#include "region/purge.h"
#include "slot_unit.h"

#include <sys/utsname.h>

enum {
    MOVES = 100000,
    FIRST = 6, // slots of 4 MiB
    REGIONS = 4,
    LIVE = 8,
    SAMPLE_EVERY = 200, // steps
    MOVED_MAX = 88,     // pieces, as src/region/slot_pages.c allows
    // The records of regions and what they are committed to may each be a mapping and its end.
    METADATA_MAX = 2 * (REGIONS + 4),
    // A piece may part one mapping in three; a slot that is not used to its end is a mapping and
    // the rest of it another; of each region LIVE slots are used at a time, and one to grow into.
    MAPPINGS_MAX = 2 * MOVED_MAX + 2 * REGIONS * (LIVE + 1) + METADATA_MAX,
};

#define UNIT        (2 * BP_MIB)
#define DIRTY_BYTES (32 * BP_MIB) // kept

struct object {
    unsigned region;
    char *start;
    size_t n_bytes;
};

static struct object objects[LIVE];
static struct prng rng = {1};

static void mark(const struct object *o)
{
    for (size_t at = 0; at < o->n_bytes; at += UNIT)
        o->start[at] = (char)(o->n_bytes / 4096 + at / UNIT);
}

static bool is_marked(const struct object *o)
{
    bool right = true;
    for (size_t at = 0; at < o->n_bytes; at += UNIT)
        right &= o->start[at] == (char)(o->n_bytes / 4096 + at / UNIT);
    return right;
}

static size_t slot_dirty(const struct object *o)
{
    return bp_region_slot(o->region, o->start)->dirty_bytes;
}

static struct object object_new(unsigned region)
{
    size_t most = bp_region_slot_bytes(region), dirty;
    struct object o = {region, bp_region_take_pooled(region), prng_range(&rng, most / 2 + 1, most)};
    if (!o.start)
        o.start = fresh(region);
    REQUIRE(bp_region_use(region, o.start, o.n_bytes, &dirty));
    bp_region_stock(region, o.start, dirty);
    mark(&o);
    return o;
}

static void object_drop(struct object *o)
{
    CHECK(is_marked(o));
    CHECK(slot_dirty(o) >= o->n_bytes);
    give(o->region, o->start);
    o->start = NULL;
}

// As realloc does when an object outgrows its slot.
static void object_grow(struct object *o)
{
    struct object wider = object_new(o->region + 1);
    size_t kept = bp_align_down(o->n_bytes, PAGE);
    bp_region_move(o->region, o->start, wider.region, wider.start, kept);
    for (size_t at = 0; at < kept; at += UNIT)
        CHECK_EQ(wider.start[at], (char)(o->n_bytes / 4096 + at / UNIT));
    give(o->region, o->start);
    mark(&wider);
    *o = wider;
}

static void step(void)
{
    struct object *o = &objects[prng_below(&rng, LIVE)];
    if (o->start && o->region + 1 < FIRST + REGIONS && prng_below(&rng, 2)) {
        object_grow(o);
    } else {
        if (o->start)
            object_drop(o);
        *o = object_new(FIRST + (unsigned)prng_below(&rng, REGIONS));
    }
    if (dirty_bytes() > DIRTY_BYTES)
        bp_purge_down_to(DIRTY_BYTES);
}

// Before Linux 6.17 what has moved once, in pieces, does not move again.
static size_t moves_wanted(void)
{
    struct utsname system;
    unsigned major = 0, minor = 0;
    REQUIRE(uname(&system) == 0 && sscanf(system.release, "%u.%u", &major, &minor) == 2);
    return major * 1000 + minor >= 6017 ? MOVES : MOVES / 100;
}

static void mappings_stay_bounded(void)
{
    int before, most = 0;
    size_t wanted = moves_wanted();
    alarm(2 * UNIT_SECONDS); // 4 s of processor time
    size_t most_pieces = 0, steps = 0;
    boot();
    fault_none();
    before = maps_mappings();
    for (; fault_plan.seen[BP_OS_MOVE] < wanted && steps < MOVES; steps++) {
        step();
        most_pieces = bp_max(most_pieces, bp_load_relaxed(&bp_counters.moved_pieces));
        if (steps % SAMPLE_EVERY == 0)
            most = (int)bp_max((size_t)most, (size_t)maps_mappings());
    }
    check_print("%u moves in %zu steps; %d mappings at first, %d at most, bound %d; %zu pieces",
                fault_plan.seen[BP_OS_MOVE], steps, before, most, before + MAPPINGS_MAX,
                most_pieces);
    CHECK(fault_plan.seen[BP_OS_MOVE] >= wanted);
    CHECK(most > before);
    CHECK_FMT(most <= before + MAPPINGS_MAX, "%d", most);
    CHECK_FMT(most_pieces <= MOVED_MAX, "%zu", most_pieces);
}

// When all is free and purged, no piece is left in a place where it does not merge.
static void nothing_is_left(void)
{
    boot();
    fault_none();
    int before = maps_mappings();
    for (int i = 0; i < 2000; i++)
        step();
    CHECK(fault_plan.seen[BP_OS_MOVE] > 100);
    for (int i = 0; i < LIVE; i++) {
        if (objects[i].start)
            object_drop(&objects[i]);
    }
    bp_purge_down_to(0);
    CHECK_EQ(dirty_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.moved_pieces), 0);
    CHECK_FMT(maps_mappings() <= before + MAPPINGS_MAX - 2 * MOVED_MAX, "%d", maps_mappings());
}

UNIT_MAIN(UNIT_CASE(mappings_stay_bounded), UNIT_CASE(nothing_is_left))
