// SPDX-License-Identifier: MIT
// What the tests of spans share: a class's lists, and spans of it.
#ifndef SPAN_UNIT_H
#define SPAN_UNIT_H

#include "core/counters.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"
#include "unit.h"

enum { CLASS = 44 }; // 8 KiB: 8 objects a span
static struct bp_span_lists lists;

static inline size_t span_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes);
}

static inline void boot(void)
{
    bp_reserve_init(128 * BP_MIB);
    REQUIRE(bp_reservation.n_bytes && bp_class[CLASS].span_objects == 8);
}

static inline char *object(const struct bp_span *span, unsigned index)
{
    return bp_chunk_address(span->first_chunk) + index * bp_class[span->class_index].object_bytes;
}

// A running span, counted as the depot does.
static inline struct bp_span *create(unsigned class_index)
{
    struct bp_span *span = bp_span_create(class_index, 0);
    REQUIRE(span != NULL);
    lists.span_count++;
    return span;
}

// A span all of whose objects are in use.
static inline struct bp_span *full_span(void)
{
    struct bp_span *span = create(CLASS);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    CHECK_EQ(span->list, 0);
    return span;
}

static inline void put(struct bp_span *span, unsigned from, unsigned until)
{
    for (unsigned i = from; i < until; i++)
        bp_span_put_locked(&lists, object(span, i));
}

#endif
