// SPDX-License-Identifier: MIT
#include "validate.h"

#include "check.h"
#include "overflow.h"
#include "places.h"

#include "core/counters.h"
#include "core/lock.h"
#include "region/direct.h"
#include "region/hole.h"
#include "region/link.h"
#include "region/size_class.h"
#include "region/slots.h"
#include "region/span.h"
#include "reserve/chunk_group.h"

// What the records come to, for the counters.
static struct {
    size_t free_bytes, marked_bytes; // of spans' free objects
    size_t span_bytes, slot_bytes;
    size_t committed_bytes;
} sums;

// --- spans ---

static uint32_t marked_objects(const struct bp_span *span)
{
    uint32_t count = 0;
    for (uint32_t hole = 0; hole < bp_hole_count(span->class_index); hole++) {
        if (span->punched >> hole & 1)
            count += bp_hole_objects(span->class_index, hole);
    }
    return count;
}

static uint32_t check_hole(const struct bp_span *span, uint32_t chunk, uint32_t hole)
{
    const struct bp_hole_chain *chain = &span->chain[hole];
    char *start = bp_chunk_address(chunk);
    void *object = start + chain->head * 16;
    for (uint32_t i = 1; i <= chain->count; i++, object = bp_link_next(object)) {
        uint32_t index =
            (uint32_t)((char *)object - start) / bp_class[span->class_index].object_bytes;
        CHECK_EQ(bp_chunk_of(object), chunk);
        CHECK(bp_class_starts(span->class_index, object));
        CHECK(index >= bp_hole_begin(span->class_index, hole) &&
              index < bp_hole_begin(span->class_index, hole + 1));
        CHECK((i == chain->count) == (object == start + chain->tail * 16));
        place_note(PLACE_CHAIN, object, span->class_index);
    }
    bool all = chain->count && chain->count == bp_hole_objects(span->class_index, hole);
    CHECK_EQ(span->stocked >> hole & 1, chain->count != 0);
    CHECK(!all || span->ripe >> hole & 1);
    CHECK(!chain->count || !(span->punched >> hole & 1));
    return chain->count;
}

static void check_chains(const struct bp_span *span, uint32_t chunk)
{
    uint32_t count = 0, expected = span->free_count - marked_objects(span);
    for (uint32_t hole = 0; hole < bp_hole_count(span->class_index); hole++)
        count += check_hole(span, chunk, hole);
    CHECK_FMT(count == expected, "chunk %u: %u objects in its chains, not %u", chunk, count,
              expected);
}

static void check_span(const struct bp_span *span, uint32_t chunk)
{
    uint32_t fresh = span->running ? 0 : span->fresh_count;
    CHECK_EQ(span->first_chunk, chunk);
    CHECK_EQ(bp_key_class(bp_chunk_map()[chunk]), span->class_index);
    CHECK_EQ(span->object_count, bp_class[span->class_index].span_objects);
    CHECK(span->free_count + fresh <= span->object_count);
    CHECK_EQ(span->list != 0, span->free_count || fresh);
    check_chains(span, chunk);
    if (!span->running)
        places_note_run(PLACE_FRESH, bp_span_cursor(span), bp_span_end(span), span->class_index);
    sums.free_bytes += span->free_count * bp_class[span->class_index].object_bytes;
    sums.marked_bytes += marked_objects(span) * bp_class[span->class_index].object_bytes;
}

// Returns the bytes of it that are dirty.
static size_t check_chunk(uint32_t chunk)
{
    const struct bp_span *span = bp_span_at(chunk);
    const struct bp_chunk_group *group = bp_chunk_group_of(chunk);
    bool is_free = group->free_bits >> chunk % 64 & 1, dirty = group->dirty_bits >> chunk % 64 & 1;
    CHECK_FMT(!dirty || is_free, "chunk %u is dirty and in use", chunk);
    CHECK_FMT(is_free == !span->first_chunk, "chunk %u: free %d, of span %u", chunk, is_free,
              span->first_chunk);
    if (bp_chunk_map()[chunk])
        check_span(span, chunk);
    sums.span_bytes += is_free ? 0 : BP_CHUNK_BYTES;
    return dirty ? BP_CHUNK_BYTES : 0;
}

// --- slots ---

static uint32_t dirty_length(const struct bp_class_region *it, unsigned region)
{
    uint32_t count = 0, newer = 0;
    for (uint32_t number = it->newest; number && count <= it->frontier;) {
        const struct bp_slot *slot = bp_slot_at(region, number);
        CHECK_EQ(slot->state, BP_SLOT_DIRTY);
        CHECK_EQ(slot->newer, newer);
        newer = number;
        number = slot->older;
        count++;
    }
    CHECK_EQ(it->oldest, newer);
    return count;
}

static uint32_t clean_length(const struct bp_class_region *it, unsigned region)
{
    uint32_t count = 0;
    for (uint32_t number = it->clean; number && count <= it->frontier; count++) {
        CHECK_EQ(bp_slot_at(region, number)->state, BP_SLOT_CLEAN);
        number = bp_slot_at(region, number)->older;
    }
    return count;
}

static void check_slot(const struct bp_slot *slot, size_t slot_bytes)
{
    CHECK(slot->committed_bytes <= slot_bytes);
    CHECK(slot->dirty_bytes <= slot->committed_bytes);
    if (slot->state == BP_SLOT_USED || slot->state == BP_SLOT_STABLE ||
        slot->state == BP_SLOT_SAMPLED)
        CHECK(slot->usable_bytes <= slot->dirty_bytes);
    if (slot->state == BP_SLOT_CLEAN)
        CHECK_EQ(slot->dirty_bytes, 0);
}

static size_t check_region(unsigned region)
{
    const struct bp_class_region *it = bp_slots_region(region);
    uint32_t count[BP_SLOT_SAMPLED + 1] = {0};
    size_t dirty_bytes = 0;
    for (uint32_t number = 1; number <= it->frontier; number++) {
        const struct bp_slot *slot = bp_slot_at(region, number);
        REQUIRE(slot->state <= BP_SLOT_SAMPLED);
        check_slot(slot, bp_region_slot_bytes(region));
        count[slot->state]++;
        sums.committed_bytes += slot->committed_bytes;
        if (slot->state == BP_SLOT_USED || slot->state == BP_SLOT_STABLE ||
            slot->state == BP_SLOT_SAMPLED || slot->state == BP_SLOT_CACHED)
            sums.slot_bytes += slot->dirty_bytes;
        dirty_bytes += slot->state == BP_SLOT_DIRTY ? slot->dirty_bytes : 0;
    }
    CHECK_EQ(count[BP_SLOT_BUSY], 0);
    CHECK_EQ(it->busy, 0);
    CHECK_EQ(count[BP_SLOT_DIRTY], dirty_length(it, region));
    CHECK_EQ(count[BP_SLOT_CLEAN], clean_length(it, region));
    return dirty_bytes;
}

// --- direct mappings ---

static size_t entry_bytes(const struct bp_direct_entry *entry)
{
    return entry->stable_bytes ? entry->held_bytes : entry->n_bytes;
}

// Two entries of an address, or whose mappings overlap, cannot both be right.
static void check_apart(size_t at, const struct bp_direct_entry *entry)
{
    for (size_t i = 0; i < at; i++) {
        const struct bp_direct_entry *other = bp_direct_at_locked(i);
        bool apart = other->address + other->n_bytes <= entry->address ||
                     entry->address + entry->n_bytes <= other->address;
        CHECK_FMT(!other->address || apart, "direct mappings at %p and %p overlap",
                  (void *)other->address, (void *)entry->address);
    }
}

static void check_direct(void)
{
    size_t count = 0, bytes = 0;
    const struct bp_direct_entry *entry;
    bp_lock_take(bp_direct_lock());
    for (size_t i = 0; (entry = bp_direct_at_locked(i)); i++) {
        if (!entry->address)
            continue;
        CHECK(bp_direct_lookup_locked((void *)entry->address) == entry);
        check_apart(i, entry);
        if (entry->class_index)
            overflow_check(entry);
        count++;
        bytes += entry_bytes(entry);
    }
    overflow_check_lists();
    bp_lock_give(bp_direct_lock());
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_count), count);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), bytes);
}

// --- all ---

static void check_counters(size_t dirty_bytes)
{
    for (int area = 0; area < BP_META_COUNT; area++)
        sums.committed_bytes += bp_meta_committed[area] - bp_meta_skipped[area];
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), dirty_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), sums.span_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), sums.slot_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_free_bytes), sums.free_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_marked_bytes), sums.marked_bytes);
    // And chunks, of which at least those in use are.
    CHECK(bp_load_relaxed(&bp_counters.committed_bytes) >= sums.committed_bytes + sums.span_bytes);
}

static void check_reservation(void)
{
    size_t dirty_bytes = 0;
    memset(&sums, 0, sizeof sums);
    places_begin();
    uint32_t end = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    for (uint32_t chunk = bp_reservation.arena_begin; chunk < end; chunk++)
        dirty_bytes += check_chunk(chunk);
    places_note_all();
    places_end();
    for (unsigned region = 0; region < bp_reservation.region_count; region++)
        dirty_bytes += check_region(region);
    check_counters(dirty_bytes);
}

void validate(void)
{
    if (bp_reservation.n_bytes)
        check_reservation();
    check_direct();
}
