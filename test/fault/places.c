// SPDX-License-Identifier: MIT
#include "places.h"

#include "blocks.h"

#include "region/link.h"
#include "region/size_class.h"
#include "region/span.h"
#include "thread/counted.h"
#include "thread/registry.h"

#include <sys/mman.h>

enum { UNITS_BYTES = BP_CHUNK_BYTES / 16 / 8 }; // a bit for each 16 bytes of a chunk

const char *const place_names[PLACE_COUNT] = {
    "block", "chain",   "fresh",          "magazine",       "bin",           "spare", "stray",
    "run",   "counted", "overflow block", "overflow chain", "overflow fresh"};

static uint8_t *seen;
static uint32_t seen_places;

void place_count(enum place place)
{
    seen_places |= 1u << place;
}

uint32_t places_take_seen(void)
{
    uint32_t places = seen_places;
    seen_places = 0;
    return places;
}

// Not below the first, where nothing was taken yet.
static uint32_t chunks_end(void)
{
    uint32_t end = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    return end < bp_reservation.arena_begin ? bp_reservation.arena_begin : end;
}

static size_t seen_bytes(void)
{
    return ((size_t)chunks_end() - bp_reservation.arena_begin + 1) * UNITS_BYTES;
}

void places_begin(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    seen = (uint8_t *)mmap(NULL, seen_bytes(), PROT_READ | PROT_WRITE, flags, -1, 0);
    REQUIRE(seen != MAP_FAILED);
}

void places_end(void)
{
    munmap(seen, seen_bytes());
}

void place_note(enum place place, const void *object, unsigned class_index)
{
    place_count(place);
    uint32_t chunk = bp_chunk_of(object);
    REQUIRE(chunk >= bp_reservation.arena_begin && chunk < chunks_end());
    CHECK_EQ(bp_key_class(bp_chunk_map()[chunk]), class_index);
    CHECK(bp_class_starts(class_index, object));
    size_t unit =
        (size_t)((const char *)object - bp_chunk_address(bp_reservation.arena_begin)) / 16;
    CHECK_FMT(!(seen[unit / 8] >> unit % 8 & 1), "%p of class %u is in two places", object,
              class_index);
    seen[unit / 8] |= (uint8_t)(1u << unit % 8);
}

void places_note_run(enum place place, const char *from, const char *until, unsigned class_index)
{
    for (; from < until; from += bp_class[class_index].object_bytes)
        place_note(place, from, class_index);
}

static void note_chain(enum place place, const void *object, uint32_t count, unsigned class_index)
{
    uint32_t at = 0;
    for (; object && at < count; at++, object = bp_link_next(object))
        place_note(place, object, class_index);
    CHECK_FMT(at == count && !object, "%s of class %u: %u objects of %u, %s", place_names[place],
              class_index, at, count, object ? "and more" : "no more");
}

static void note_depot(unsigned class_index)
{
    const struct bp_depot *depot = &bp_depots[class_index];
    size_t stocked = 0;
    REQUIRE(depot->count <= BP_DEPOT_SLOTS);
    for (uint32_t i = 0; i < depot->count; i++) {
        note_chain(PLACE_MAGAZINE, depot->stack[i].head, depot->stack[i].count, class_index);
        stocked += depot->stack[i].count;
    }
    CHECK_EQ(bp_depot_object_count(class_index), stocked);
    CHECK_EQ(bp_load_u32_relaxed(&depot->stock) != 0,
             depot->count || bp_span_has_free(&depot->lists));
}

// --- heaps ---

// What a bin's room says, but for that of a heap that was emptied while its thread was away: that
// keeps two at most, and is set right when its thread comes home.
static uint32_t in_bin(const struct bp_heap *heap, const struct bp_bin *bin, uint32_t limit)
{
    uint32_t count = 0;
    if (!heap->emptied)
        return limit - bin->room;
    for (const void *object = bin->head; object && count < 2; object = bp_link_next(object))
        count++;
    return count;
}

static void note_own(struct bp_heap *heap, unsigned i)
{
    const struct bp_bin *bin = bp_heap_own_bin(heap, i);
    const struct bp_bin_cold *cold = &heap->cold[i];
    const void *spare = bp_load_ptr_relaxed(&cold->spare);
    note_chain(PLACE_BIN, bin->head, in_bin(heap, bin, cold->limit), i);
    if (spare)
        note_chain(PLACE_SPARE, spare, cold->spare_count, i);
    note_chain(PLACE_COUNTED, cold->hidden, cold->hidden_count, i);
    places_note_run(PLACE_RUN, bin->run.cursor, cold->run_end, i);
}

static void note_counted(struct bp_heap *heap, unsigned i)
{
    const struct bp_bin *bin = bp_counted_bin(heap, i);
    places_note_run(PLACE_COUNTED, bin->run.cursor, bin->run.limit, i);
    for (const void *object = bin->head; object; object = bp_link_next(object))
        place_note(PLACE_COUNTED, object, i);
}

static void note_strays(struct bp_heap *heap, unsigned i)
{
    for (unsigned owner = 0; owner < BP_OWNER_COUNT; owner++) {
        const struct bp_bin *bin = bp_heap_bin(&heap->hot, bp_key(i, owner));
        if (owner != heap->owner && heap->stray_seen >> owner & 1)
            note_chain(PLACE_STRAY, bin->head, in_bin(heap, bin, heap->stray[owner][i].limit), i);
        else
            CHECK(owner == heap->owner || !bin->head);
    }
}

static void note_heap(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        note_own(heap, i);
        note_counted(heap, i);
        note_strays(heap, i);
    }
}

// --- the scripts' own ---

static void note_block(const struct block *block)
{
    uint32_t chunk = bp_chunk_of(block->start);
    unsigned class_index = 0;
    if (chunk >= bp_reservation.arena_begin && chunk < chunks_end())
        class_index = bp_key_class(bp_chunk_map()[chunk]);
    if (class_index)
        place_note(PLACE_BLOCK, block->start, class_index);
}

void places_note_all(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        note_depot(i);
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        note_heap(bp_registry_at(i));
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (blocks[i].start)
            note_block(&blocks[i]);
    }
}
