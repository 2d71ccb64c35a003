// SPDX-License-Identifier: MIT
#include "overflow.h"

#include "blocks.h"
#include "places.h"

#include "base/bits.h"
#include "region/direct.h"
#include "region/size_class.h"

enum { UNITS = BP_CHUNK_BYTES / 16 };

// Of the span that is being looked at: what each of its objects is, a bit a place.
static uint16_t place_at[UNITS];
static uint32_t heads[BP_CLASS_COUNT], ends[BP_CLASS_COUNT];

static void note(const struct bp_direct_entry *span, enum place place, const void *object)
{
    size_t offset = (size_t)object - span->address,
           bytes = bp_class[span->class_index].object_bytes;
    REQUIRE(offset < BP_CHUNK_BYTES);
    CHECK_EQ(offset % bytes, 0);
    CHECK(offset / bytes < bp_class[span->class_index].span_objects);
    CHECK_FMT(!place_at[offset / 16], "%p of class %u is in two places: %s and 0x%x", object,
              span->class_index, place_names[place], place_at[offset / 16]);
    place_at[offset / 16] |= (uint16_t)(1u << place);
    place_count(place);
}

static uint32_t note_chain(const struct bp_direct_entry *span)
{
    uint32_t count = 0, most = bp_class[span->class_index].span_objects;
    const void *object = span->free_head;
    for (; object && count < most; count++, object = *(void *const *)object)
        note(span, PLACE_OVERFLOW_CHAIN, object);
    CHECK(!object);
    return count;
}

static void note_fresh(const struct bp_direct_entry *span)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    uint32_t objects = bp_class[span->class_index].span_objects;
    REQUIRE(span->fresh_count <= objects);
    for (uint32_t i = objects - span->fresh_count; i < objects; i++)
        note(span, PLACE_OVERFLOW_FRESH, (const char *)span->address + i * bytes);
}

// Others than the scripts have objects there, too: the C library.
static uint32_t note_blocks(const struct bp_direct_entry *span)
{
    uint32_t count = 0;
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (!blocks[i].start || (size_t)blocks[i].start - span->address >= BP_CHUNK_BYTES)
            continue;
        note(span, PLACE_OVERFLOW_BLOCK, blocks[i].start);
        count++;
    }
    return count;
}

// A neighbour is of the class, in the list, and knows this span.
static void check_links(const struct bp_direct_entry *span)
{
    const struct bp_direct_entry *next = bp_direct_lookup_locked(span->next);
    const struct bp_direct_entry *prev = bp_direct_lookup_locked(span->prev);
    CHECK(!span->next == !next && !span->prev == !prev);
    CHECK(!next || (next->listed && next->class_index == span->class_index &&
                    next->prev == (void *)span->address));
    CHECK(!prev || (prev->listed && prev->class_index == span->class_index &&
                    prev->next == (void *)span->address));
    heads[span->class_index] += !prev;
    ends[span->class_index] += !next;
}

void overflow_check(const struct bp_direct_entry *span)
{
    REQUIRE(span->class_index < BP_CLASS_COUNT);
    memset(place_at, 0, sizeof place_at);
    CHECK_ALIGNED((void *)span->address, BP_CHUNK_BYTES);
    CHECK_EQ(span->n_bytes, BP_CHUNK_BYTES);
    CHECK_EQ(span->stable_bytes, 0);
    uint32_t chained = note_chain(span);
    note_fresh(span);
    CHECK(note_blocks(span) <= span->used_count);
    CHECK(span->used_count > 0);
    CHECK_EQ(span->used_count + chained + span->fresh_count,
             bp_class[span->class_index].span_objects);
    CHECK_EQ(span->listed, chained || span->fresh_count);
    if (span->listed)
        check_links(span);
}

void overflow_check_lists(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        CHECK(heads[i] <= 1);
        CHECK_EQ(heads[i], ends[i]);
        heads[i] = ends[i] = 0;
    }
}
