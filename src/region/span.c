// SPDX-License-Identifier: MIT
#include "region/span.h"

#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "core/report.h"
#include "region/hole.h"
#include "region/link.h"
#include "region/size_class.h"
#include "region/span_holes.h"
#include "reserve/chunks.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "reserve/strict.h"

#include <string.h>

enum {
    SPARSE_MIN_SPANS = 4,
    PUNCH_MIN_BYTES = 1 << 14, // less is not worth a system call, and is soon needed again
    ALONE_MIN_BYTES = 1 << 13, // of a hole that has no neighbour
};

_Static_assert(sizeof(struct bp_span) == BP_SPAN_RECORD_BYTES, "meta.h counts on it");

bool bp_span_notes_lost;

void bp_span_lose_notes(void)
{
    bp_span_notes_lost = true;
}

char *bp_span_end(const struct bp_span *span)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    return bp_chunk_address(span->first_chunk) + span->object_count * bytes;
}

char *bp_span_cursor(const struct bp_span *span)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    return bp_span_end(span) - span->fresh_count * bytes;
}

// --- lists ---

static void list_insert(struct bp_span_lists *lists, struct bp_span *span, unsigned list)
{
    span->list = (uint8_t)(list + 1);
    span->prev = 0;
    span->next = lists->head[list];
    if (span->next)
        bp_span_at(span->next)->prev = span->first_chunk;
    lists->head[list] = span->first_chunk;
}

static void list_remove(struct bp_span_lists *lists, struct bp_span *span)
{
    if (span->prev)
        bp_span_at(span->prev)->next = span->next;
    else
        lists->head[span->list - 1] = span->next;
    if (span->next)
        bp_span_at(span->next)->prev = span->prev;
    span->list = 0;
}

// 1 + the list that the span should stand in, 0 for none.
static unsigned list_wanted(const struct bp_span *span)
{
    if (span->free_count == 0)
        return !span->running && span->fresh_count ? BP_SPAN_LISTS : 0;
    return 1 + (span->free_count - 1) * BP_SPAN_BUCKETS / span->object_count;
}

static void list_update(struct bp_span_lists *lists, struct bp_span *span)
{
    unsigned wanted = list_wanted(span);
    if (wanted == span->list)
        return;
    if (span->list)
        list_remove(lists, span);
    if (wanted)
        list_insert(lists, span, wanted - 1);
}

// --- birth and death ---

// first: 0 for chunks that belong to no span any more.
static void chunks_mark(struct bp_span *span, uint32_t chunk, uint32_t first, size_t key)
{
    for (uint32_t i = 0; i < span->chunk_count; i++)
        span[i].first_chunk = first;
    // pairs with bp_span_serves_locked: who sees the key sees the record
    for (uint32_t i = 0; i < span->chunk_count; i++)
        bp_poke_u16_release(bp_chunk_map() + chunk + i, (uint16_t)key);
}

bool bp_span_serves_locked(uint32_t chunk, unsigned class_index)
{
    // pairs with chunks_mark. The key of an earlier life is not seen: it went under
    // the lock that the caller holds.
    size_t key = bp_peek_u16_acquire(bp_chunk_map() + chunk);
    return bp_key_class(key) == class_index && bp_span_at(chunk)->first_chunk == chunk;
}

// Plain, and needs no lock: the class stays, so a free that reads the older key does no harm. Who
// reads this key instead of the first one, under the depot's lock, sees the record all the same:
// before an object of the span could get here, the span was counted under that lock.
static void span_set_owner(const struct bp_span *span, unsigned owner)
{
    bp_chunk_map()[span->first_chunk] = (uint16_t)bp_key(span->class_index, owner);
}

struct bp_span *bp_span_create(unsigned class_index, unsigned owner)
{
    bool zero;
    uint32_t first = bp_chunks_take(1, &zero);
    if (!first)
        return NULL;
    struct bp_span *span = bp_span_at(first);
    uint32_t objects = bp_class[class_index].span_objects;
    *span = (struct bp_span){.object_count = (uint16_t)objects,
                             .fresh_count = (uint16_t)objects,
                             .chunk_count = 1,
                             .class_index = (uint8_t)class_index,
                             .running = true};
    bp_strict_span_prepare(bp_chunk_address(first), zero);
    chunks_mark(span, first, first, bp_key(class_index, owner));
    return span;
}

static void span_give_back(struct bp_span *span)
{
    uint32_t first = span->first_chunk;
    if (span->class_index)
        bp_strict_span_retire(bp_chunk_address(first));
    chunks_mark(span, first, 0, 0);
    bp_poke_u16_relaxed(&span->ripe, 0);
    if (span->punched)
        bp_chunks_give_holed(first, span->chunk_count);
    else
        bp_chunks_give(first, span->chunk_count);
}

static bool span_is_unused(const struct bp_span *span)
{
    return !span->running && span->free_count + span->fresh_count == span->object_count;
}

static void span_settle(struct bp_span_lists *lists, struct bp_span *span)
{
    if (!span_is_unused(span)) {
        list_update(lists, span);
        return;
    }
    if (span->list)
        list_remove(lists, span);
    lists->span_count--;
    lists->free_objects -= span->free_count;
    lists->marked_objects -= bp_holes_objects(span->class_index, span->punched);
    span_give_back(span);
}

void bp_span_claim(void *chain, uint32_t count, unsigned owner)
{
    for (; chain && count > 0; count--, chain = bp_link_next(chain))
        span_set_owner(bp_span_at(bp_chunk_of(chain)), owner);
}

// --- objects ---

void bp_span_put_locked(struct bp_span_lists *lists, void *object)
{
    struct bp_span *span = bp_span_at(bp_chunk_of(object));
    uint32_t fresh_count = span->running ? 0 : span->fresh_count;
    if (BP_UNLIKELY(!bp_span_has(span->class_index, object)))
        bp_die_invalid(object, "free");
    if (BP_UNLIKELY(span->free_count + fresh_count >= span->object_count))
        bp_die_double_free(object, bp_class[span->class_index].object_bytes);
    bp_holes_put(span, object);
    span->free_count++;
    lists->free_objects++;
    span_settle(lists, span);
}

// All pages that objects of the hole reach into: a neighbour's page may be discarded too. The lock
// is held, as it is for the page faults that follow.
static void hole_pages_reuse(const struct bp_span *span, uint32_t hole)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    size_t page = bp_os_page_bytes();
    size_t from = bp_align_down(bp_hole_begin(span->class_index, hole) * bytes, page);
    size_t until = bp_align_up(bp_hole_begin(span->class_index, hole + 1) * bytes, page);
    bp_os_reuse(bp_chunk_address(span->first_chunk) + from, until - from);
}

// The objects of a punched hole are written to again: they are chained.
static void hole_reuse(struct bp_span_lists *lists, struct bp_span *span)
{
    uint32_t hole = (uint32_t)__builtin_ctz(span->punched);
    uint32_t count = bp_hole_objects(span->class_index, hole);
    hole_pages_reuse(span, hole);
    span->punched &= (uint16_t)(span->punched - 1);
    bp_holes_fill(span, hole);
    lists->faulted_objects += count;
    lists->marked_objects -= count;
}

uint32_t bp_span_gather_locked(struct bp_span_lists *lists, unsigned owner, uint32_t wanted,
                               void **ret_chain)
{
    uint32_t got = 0;
    *ret_chain = NULL;
    for (unsigned bucket = 0; bucket < BP_SPAN_BUCKETS; bucket++) {
        while (lists->head[bucket] && got < wanted) {
            struct bp_span *span = bp_span_at(lists->head[bucket]);
            if (!span->stocked)
                hole_reuse(lists, span);
            uint32_t count = bp_holes_take(span, wanted - got, ret_chain);
            if (2 * count >= span->object_count)
                span_set_owner(span, owner);
            span->free_count -= (uint16_t)count;
            got += count;
            list_update(lists, span);
        }
    }
    lists->free_objects -= got;
    return got;
}

uint32_t bp_span_magazine_most(const struct bp_span_lists *lists, unsigned class_index)
{
    size_t capacity = (size_t)lists->span_count * bp_class[class_index].span_objects;
    if (lists->span_count <= SPARSE_MIN_SPANS || lists->free_objects <= capacity / 2)
        return UINT32_MAX;
    return lists->free_objects > capacity / 4 * 3 ? BP_MAGAZINE_SPARSE : BP_MAGAZINE_THIN;
}

// --- pages behind free objects ---

bool bp_span_looks_worth(uint32_t chunk)
{
    return bp_peek_u16_relaxed(&bp_span_at(chunk)->ripe) != 0;
}

// A call for one page between pages in use costs as much as one for many.
uint32_t bp_span_worth_locked(struct bp_span *span, bool all)
{
    uint32_t bytes = bp_hole_bytes(span->class_index);
    uint32_t holes = bp_holes_free(span);
    uint32_t given = holes | span->punched;
    if (!all && bytes < ALONE_MIN_BYTES)
        holes &= given << 1 | given >> 1;
    return (uint32_t)__builtin_popcount(holes) * bytes >= PUNCH_MIN_BYTES ? holes : 0;
}

uint32_t bp_span_withdraw_locked(struct bp_span_lists *lists, struct bp_span *span, uint32_t fresh)
{
    uint32_t marked = fresh ? span->punched : 0;
    uint32_t chained_count = bp_holes_objects(span->class_index, fresh);
    uint32_t count = chained_count + bp_holes_objects(span->class_index, marked);
    bp_holes_drop(span, fresh);
    span->punched &= (uint16_t)~marked;
    span->free_count -= (uint16_t)count;
    lists->free_objects -= count;
    lists->marked_objects -= count - chained_count;
    list_update(lists, span);
    return fresh | marked;
}

void bp_span_mark_locked(struct bp_span_lists *lists, struct bp_span *span, uint32_t holes)
{
    uint32_t count = bp_holes_objects(span->class_index, holes);
    bp_assert(!(span->punched & holes));
    span->punched |= (uint16_t)holes;
    span->free_count += (uint16_t)count;
    lists->free_objects += count;
    lists->marked_objects += count;
    span_settle(lists, span);
}

bool bp_span_has_free(const struct bp_span_lists *lists)
{
    for (unsigned bucket = 0; bucket < BP_SPAN_BUCKETS; bucket++) {
        if (lists->head[bucket])
            return true;
    }
    return false;
}

// --- runs ---

struct bp_span *bp_span_parked_locked(struct bp_span_lists *lists, unsigned owner)
{
    uint32_t first = lists->head[BP_SPAN_LISTS - 1];
    if (!first)
        return NULL;
    struct bp_span *span = bp_span_at(first);
    span->running = true;
    span_set_owner(span, owner);
    list_update(lists, span);
    return span;
}

void bp_span_note_limit(struct bp_span *span, const char *limit)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    uint16_t fresh_count = (uint16_t)((size_t)(bp_span_end(span) - limit) / bytes);
    bp_poke_u16_relaxed(&span->fresh_count, fresh_count);
}

void bp_span_stop_locked(struct bp_span_lists *lists, struct bp_span *span, const char *cursor)
{
    bp_span_note_limit(span, cursor);
    span->running = false;
    span_settle(lists, span);
}

// --- one large object ---

void *bp_span_large_take(size_t n_bytes, bool *ret_zero)
{
    size_t whole = bp_align_up(bp_max(n_bytes, 1), BP_CHUNK_BYTES);
    if (whole < n_bytes || whole >> BP_CHUNK_SHIFT > bp_reservation.arena_end)
        return NULL;
    uint32_t count = (uint32_t)(whole >> BP_CHUNK_SHIFT);
    uint32_t first = bp_chunks_take(count, ret_zero);
    if (!first)
        return NULL;
    if (!bp_strict_large_prepare(bp_chunk_address(first), whole)) {
        bp_chunks_give(first, count);
        return NULL;
    }
    struct bp_span *span = bp_span_at(first);
    *span = (struct bp_span){.chunk_count = count};
    chunks_mark(span, first, first, 0);
    return bp_chunk_address(first);
}

struct bp_span *bp_span_large_find(const void *pointer)
{
    uint32_t chunk = bp_chunk_of(pointer);
    size_t frontier = bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4);
    if (chunk < bp_reservation.arena_begin || chunk >= frontier)
        return NULL;
    struct bp_span *span = bp_span_at(chunk);
    bool starts = span->first_chunk == chunk && bp_chunk_address(chunk) == pointer;
    return starts && !span->class_index ? span : NULL;
}

void bp_span_large_give(struct bp_span *span)
{
    span_give_back(span);
}
