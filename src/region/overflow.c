// SPDX-License-Identifier: MIT
#include "region/overflow.h"

#include "base/attr.h"
#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "core/report.h"
#include "region/direct.h"
#include "region/size_class.h"

static void *with_room[BP_CLASS_COUNT]; // the first of each class's spans that have room

static uint32_t begun_count(const struct bp_direct_entry *span)
{
    return bp_class[span->class_index].span_objects - span->fresh_count;
}

// Does an object start there, that was handed out once?
static bool is_object(const struct bp_direct_entry *span, const void *pointer)
{
    size_t offset = (size_t)pointer - span->address;
    size_t bytes = bp_class[span->class_index].object_bytes;
    return offset % bytes == 0 && offset / bytes < begun_count(span);
}

static struct bp_direct_entry *span_of_locked(const void *pointer)
{
    size_t start = bp_align_down((size_t)pointer, BP_CHUNK_BYTES);
    struct bp_direct_entry *span = bp_direct_lookup_locked((void *)start);
    return span && span->class_index && is_object(span, pointer) ? span : NULL;
}

// --- the chain of free objects ---

static void *next_of(const struct bp_direct_entry *span, const void *object)
{
    void *next = *(void *const *)object;
    if (BP_UNLIKELY(next && !is_object(span, next)))
        bp_die_corrupt(bp_class[span->class_index].object_bytes);
    return next;
}

// The first object of a ring that comes again.
BP_COLD static void *freed_twice(const struct bp_direct_entry *span)
{
    for (void *object = span->free_head;; object = next_of(span, object)) {
        void *later = next_of(span, object);
        for (uint32_t i = 0; i < begun_count(span) && later != object; i++)
            later = next_of(span, later);
        if (later == object)
            return object;
    }
}

// Nothing is in use, so all that was handed out must be in the chain, once.
static void expect_all_free(const struct bp_direct_entry *span)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    uint32_t count = 0, all = begun_count(span);
    for (const void *at = span->free_head; at && count <= all; at = next_of(span, at))
        count++;
    if (count > all)
        bp_die_double_free(freed_twice(span), bytes);
    if (count < all)
        bp_die_corrupt(bytes);
}

// --- spans with room ---

static void list_insert_locked(struct bp_direct_entry *span)
{
    void **head = &with_room[span->class_index];
    struct bp_direct_entry *next = bp_direct_lookup_locked(*head);
    span->next = *head;
    span->prev = NULL;
    span->listed = true;
    if (next)
        next->prev = (void *)span->address;
    *head = (void *)span->address;
}

static void list_remove_locked(struct bp_direct_entry *span)
{
    struct bp_direct_entry *next = bp_direct_lookup_locked(span->next);
    struct bp_direct_entry *prev = bp_direct_lookup_locked(span->prev);
    span->listed = false;
    if (next)
        next->prev = span->prev;
    if (prev)
        prev->next = span->next;
    else
        with_room[span->class_index] = span->next;
}

static void *take_locked(unsigned class_index)
{
    struct bp_direct_entry *span = bp_direct_lookup_locked(with_room[class_index]);
    if (!span)
        return NULL;
    void *object = span->free_head;
    size_t bytes = bp_class[class_index].object_bytes;
    if (object) {
        span->free_head = next_of(span, object);
    } else {
        object = (char *)span->address + bytes * begun_count(span);
        span->fresh_count--;
    }
    span->used_count++;
    if (!span->free_head && !span->fresh_count)
        list_remove_locked(span);
    return object;
}

static bool span_create(unsigned class_index)
{
    void *start = bp_direct_take(BP_CHUNK_BYTES, BP_CHUNK_BYTES);
    if (!start)
        return false;
    bp_lock_take(bp_direct_lock());
    struct bp_direct_entry *span = bp_direct_lookup_locked(start);
    span->class_index = class_index;
    span->fresh_count = bp_class[class_index].span_objects;
    list_insert_locked(span);
    bp_lock_give(bp_direct_lock());
    return true;
}

void *bp_overflow_take(unsigned class_index)
{
    void *object = NULL;
    do {
        bp_lock_take(bp_direct_lock());
        object = take_locked(class_index);
        bp_lock_give(bp_direct_lock());
    } while (!object && span_create(class_index));
    return object;
}

// Puts the object back; true if the span has nothing in use any more and is a plain mapping now.
static bool give_locked(struct bp_direct_entry *span, void *object)
{
    if (object == span->free_head)
        bp_die_double_free(object, bp_class[span->class_index].object_bytes);
    *(void **)object = span->free_head;
    span->free_head = object;
    if (!span->listed)
        list_insert_locked(span);
    if (--span->used_count)
        return false;
    expect_all_free(span);
    list_remove_locked(span);
    span->class_index = 0;
    return true;
}

bool bp_overflow_give(void *pointer)
{
    bp_lock_take(bp_direct_lock());
    struct bp_direct_entry *span = span_of_locked(pointer);
    bool unused = span && give_locked(span, pointer);
    bp_lock_give(bp_direct_lock());
    if (unused)
        bp_direct_give((void *)bp_align_down((size_t)pointer, BP_CHUNK_BYTES));
    return span != NULL;
}

unsigned bp_overflow_class_of(const void *pointer)
{
    bp_lock_take(bp_direct_lock());
    struct bp_direct_entry *span = span_of_locked(pointer);
    unsigned class_index = span ? span->class_index : 0;
    bp_lock_give(bp_direct_lock());
    return class_index;
}
