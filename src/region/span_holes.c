// SPDX-License-Identifier: MIT
#include "region/span_holes.h"

#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "core/report.h"
#include "region/hole.h"
#include "region/link.h"
#include "region/size_class.h"
#include "reserve/reserve.h"

enum { UNIT_SHIFT = 4 };

static void *object_at(const struct bp_span *span, uint16_t units)
{
    return bp_chunk_address(span->first_chunk) + ((size_t)units << UNIT_SHIFT);
}

static uint32_t offset_of(const void *object)
{
    return (uint32_t)((size_t)object % BP_CHUNK_BYTES);
}

static uint16_t units_of(const void *object)
{
    return (uint16_t)(offset_of(object) >> UNIT_SHIFT);
}

static void ripe_set(struct bp_span *span, uint32_t holes)
{
    bp_poke_u16_relaxed(&span->ripe, (uint16_t)holes);
}

// Objects begin up to one behind a hole's start; those of the last one also end before its end.
static bool is_ripe(unsigned class_index, uint32_t hole, uint32_t count)
{
    uint32_t bytes = bp_hole_bytes(class_index);
    uint32_t lacking = (hole + 2) * bytes > BP_CHUNK_BYTES ? 2 : 1;
    return (count + lacking) * bp_class[class_index].object_bytes > bytes;
}

void bp_holes_put(struct bp_span *span, void *object)
{
    uint32_t hole = bp_hole_at(span->class_index, offset_of(object));
    struct bp_hole_chain *chain = &span->chain[hole];
    bp_link_set(object, chain->count ? object_at(span, chain->head) : NULL);
    chain->head = units_of(object);
    if (!chain->count++) {
        chain->tail = chain->head;
        span->stocked |= (uint16_t)(1u << hole);
    }
    if (is_ripe(span->class_index, hole, chain->count))
        ripe_set(span, span->ripe | 1u << hole);
}

void bp_holes_drop(struct bp_span *span, uint32_t holes)
{
    if (span->ripe & holes)
        ripe_set(span, span->ripe & ~holes);
    span->stocked &= (uint16_t)~holes;
    for (; holes; holes &= holes - 1)
        span->chain[__builtin_ctz(holes)].count = 0;
}

static bool is_in_hole(const struct bp_span *span, uint32_t hole, const void *object)
{
    return bp_chunk_of(object) == span->first_chunk && bp_class_starts(span->class_index, object) &&
           bp_hole_at(span->class_index, offset_of(object)) == hole;
}

// A part of a hole's chain; returns the last object that goes.
static void *part_take(struct bp_span *span, uint32_t hole, uint32_t wanted)
{
    struct bp_hole_chain *chain = &span->chain[hole];
    void *last = object_at(span, chain->head);
    for (uint32_t i = 1; i < wanted; i++)
        last = bp_link_next(last);
    const void *rest = bp_link_next(last);
    if (BP_UNLIKELY(!is_in_hole(span, hole, rest)))
        bp_die_corrupt(bp_class[span->class_index].object_bytes);
    chain->head = units_of(rest);
    chain->count = (uint16_t)(chain->count - wanted);
    if (span->ripe >> hole & 1)
        ripe_set(span, span->ripe & ~(1u << hole));
    return last;
}

uint32_t bp_holes_take(struct bp_span *span, uint32_t wanted, void **chain)
{
    uint32_t got = 0;
    while (span->stocked && got < wanted) {
        uint32_t hole = (uint32_t)__builtin_ctz(span->stocked);
        uint32_t count = (uint32_t)bp_min(span->chain[hole].count, wanted - got);
        void *head = object_at(span, span->chain[hole].head), *last;
        if (count < span->chain[hole].count) {
            last = part_take(span, hole, count);
        } else {
            last = object_at(span, span->chain[hole].tail);
            bp_holes_drop(span, 1u << hole);
        }
        bp_link_set(last, *chain);
        *chain = head;
        got += count;
    }
    return got;
}

uint32_t bp_holes_free(struct bp_span *span)
{
    uint32_t holes = 0;
    for (uint32_t rest = span->ripe; rest; rest &= rest - 1) {
        uint32_t hole = (uint32_t)__builtin_ctz(rest);
        if (span->chain[hole].count == bp_hole_objects(span->class_index, hole))
            holes |= 1u << hole;
    }
    if (holes != span->ripe)
        ripe_set(span, holes); // what is not quite free will say so again
    return holes;
}

void bp_holes_fill(struct bp_span *span, uint32_t hole)
{
    uint32_t bytes = bp_class[span->class_index].object_bytes;
    uint32_t begin = bp_hole_begin(span->class_index, hole);
    uint32_t end = bp_hole_begin(span->class_index, hole + 1);
    for (uint32_t i = end; i > begin; i--)
        bp_holes_put(span, bp_chunk_address(span->first_chunk) + (size_t)(i - 1) * bytes);
}

uint32_t bp_holes_objects(unsigned class_index, uint32_t holes)
{
    uint32_t count = 0;
    for (; holes; holes &= holes - 1)
        count += bp_hole_objects(class_index, (uint32_t)__builtin_ctz(holes));
    return count;
}
