// SPDX-License-Identifier: MIT
// Small objects between pools and thread heaps, and what the hot path leaves.
#include "core/report.h"
#include "thread/request.h"
#include "ward/boot.h"
#include "ward/table.h"
#include "ward/ward.h"

static unsigned class_of(const void *object)
{
    return bp_key_class(bp_heap_key_of(object));
}

static void heap_give(void *object)
{
    if (BP_UNLIKELY(!bp_heap_try_free(object)))
        bp_request_free(object);
}

// A place from the thread heap, unlinked; NULL if there is none in the arena area.
static char *heap_take(unsigned class_index)
{
    size_t bytes = bp_class[class_index].object_bytes;
    char *object = bp_heap_try_malloc(bytes);
    if (BP_UNLIKELY(!object))
        object = bp_request_alloc(bytes, BP_OBJECT_ALIGN, false);
    if (BP_UNLIKELY(object && class_of(object) != class_index)) {
        bp_request_free(object); // it came from an overflow span, or is large
        return NULL;
    }
    if (object)
        *(uint64_t *)(void *)object = 0; // the link that it was chained by
    return object;
}

static void pool_fill(struct bp_ward_bin *bin, unsigned class_index)
{
    while (bin->count < bin->capacity) {
        void *object = heap_take(class_index);
        if (!object)
            return;
        bin->pool[bin->count++] = object;
    }
}

void bp_ward_pool_push(struct bp_ward_bin *bin, void *object)
{
    while (bin->count > bin->capacity / 2)
        heap_give(bin->pool[--bin->count]);
    bin->pool[bin->count++] = object;
}

// Without a ward: one place, straight from the heap.
static char *place_alone(unsigned class_index)
{
    char *object = heap_take(class_index);
    size_t bytes = bp_class[class_index].object_bytes;
    if (object && !bp_is_zero(object, object + bytes))
        bp_ward_die_written(object, bytes);
    return object;
}

static char *place_take(unsigned class_index)
{
    struct bp_ward *ward = bp_ward_enter();
    if (!ward)
        return place_alone(class_index);
    struct bp_ward_bin *bin = &ward->bin[class_index];
    if (!bin->next) {
        pool_fill(bin, class_index);
        bp_ward_draw_ahead(ward, bin);
    }
    return bin->next ? bp_ward_draw(ward, bin) : NULL;
}

static unsigned class_for(size_t n_bytes, size_t align)
{
    if (n_bytes > BP_WARD_SMALL_MAX || align > BP_SMALL_MAX)
        return 0;
    size_t place = n_bytes + BP_TAG_BYTES;
    return align <= BP_OBJECT_ALIGN ? bp_class_for(place) : bp_class_for_aligned(place, align);
}

void *bp_ward_alloc(size_t n_bytes, size_t align, bool zero)
{
    bp_ward_enter();
    void *empty = !n_bytes && align <= BP_OBJECT_ALIGN ? bp_empty_alloc() : NULL;
    if (empty)
        return empty;
    unsigned class_index = class_for(n_bytes, align);
    char *object = class_index ? place_take(class_index) : NULL;
    if (!object)
        return bp_paged_alloc(n_bytes, align, zero);
    bp_tag_open(object, bp_class[class_index].object_bytes, n_bytes, BP_KIND_MALLOC);
    return object;
}

static enum bp_verdict empty_free(void *object)
{
    if (!bp_empty_is_used(object))
        return (size_t)object % BP_OBJECT_ALIGN ? BP_INVALID : BP_DOUBLE_FREE;
    bp_empty_free(object);
    return BP_DONE;
}

static void small_free(void *object, unsigned class_index)
{
    size_t bytes = bp_class[class_index].object_bytes;
    struct bp_ward *ward = bp_ward_enter();
    bp_ward_close(object, bytes);
    if (ward)
        bp_ward_retire(&ward->bin[class_index], object);
    else
        heap_give(object);
}

// What the table does not know may be an object of the API (bump_large_alloc, bump_stable_alloc).
enum bp_verdict bp_ward_free(void *object)
{
    bp_ward_enter();
    unsigned class_index = class_of(object);
    if (class_index)
        return small_free(object, class_index), BP_DONE;
    if (bp_empty_owns(object))
        return empty_free(object);
    enum bp_verdict verdict = bp_paged_free(object);
    return verdict == BP_INVALID ? bp_request_free(object) : verdict;
}

static const uint64_t *tag_of(const void *object, unsigned class_index)
{
    return bp_tag_cell(object, bp_class[class_index].object_bytes);
}

// Is it an object of the class that is in use?
static bool is_live(const void *object, unsigned class_index, uint64_t *ret_decoded)
{
    if (!bp_class_starts(class_index, object) ||
        (size_t)object % BP_CHUNK_BYTES + bp_class[class_index].object_bytes > BP_WARD_SPAN_BYTES)
        return false;
    *ret_decoded = bp_tag_decode(*tag_of(object, class_index));
    return bp_tag_is_for(*ret_decoded, object);
}

size_t bp_ward_usable(const void *object, enum bp_verdict *ret_verdict)
{
    struct bp_paged paged;
    uint64_t decoded;
    unsigned class_index = class_of(object);
    *ret_verdict = BP_DONE;
    if (class_index && is_live(object, class_index, &decoded))
        return bp_tag_bytes(decoded);
    if (!class_index && bp_paged_find(object, &paged))
        return paged.n_bytes;
    if (class_index || bp_empty_owns(object)) {
        *ret_verdict = !class_index && bp_empty_is_used(object) ? BP_DONE : BP_INVALID;
        return 0;
    }
    return bp_request_usable(object, ret_verdict);
}

// The place is right for the new size: the canary moves.
static bool small_resize(char *object, size_t n_bytes)
{
    uint64_t decoded;
    unsigned class_index = class_of(object);
    size_t place_bytes = bp_class[class_index].object_bytes;
    if (n_bytes > BP_WARD_SMALL_MAX || !bp_class_keeps(class_index, n_bytes + BP_TAG_BYTES) ||
        !is_live(object, class_index, &decoded))
        return false;
    size_t was = bp_tag_bytes(decoded);
    if (!bp_slack_is_intact(object, place_bytes, was))
        bp_ward_die_overflow(object, place_bytes);
    size_t end = bp_min(was + 8, place_bytes - BP_TAG_BYTES);
    size_t kept = bp_min(was, n_bytes);
    for (size_t i = kept; i < end; i++) {
        object[i] = 0;
        __asm__ volatile("" ::: "memory"); // memset would hold it against the size
    }
    bp_tag_open(object, place_bytes, n_bytes, bp_tag_kind(decoded));
    return true;
}

void *bp_ward_resize(void *object, size_t n_bytes, enum bp_verdict *ret_verdict)
{
    bp_ward_enter();
    size_t usable = bp_ward_usable(object, ret_verdict);
    if (*ret_verdict != BP_DONE)
        return NULL;
    if (class_of(object) ? small_resize(object, n_bytes) : bp_paged_resize(object, n_bytes))
        return object;
    void *resized = bp_ward_alloc(n_bytes, BP_OBJECT_ALIGN, false);
    if (!resized)
        return NULL;
    memcpy(resized, object, bp_min(usable, n_bytes));
    bp_ward_free(object);
    return resized;
}

// --- what an object came from, and how large it is said to be ---

void *bp_ward_mark(void *object, enum bp_kind kind)
{
    uint64_t decoded;
    unsigned class_index = class_of(object);
    if (!object || (!class_index && bp_paged_mark(object, kind)))
        return object;
    if (class_index && is_live(object, class_index, &decoded))
        *(uint64_t *)(size_t)tag_of(object, class_index) =
            bp_tag_of(object, bp_tag_bytes(decoded), kind);
    return object;
}

// What it is known as; false for all that free will have to say something about.
static bool known(const void *object, enum bp_kind *ret_kind, size_t *ret_bytes)
{
    struct bp_paged paged;
    uint64_t decoded;
    unsigned class_index = class_of(object);
    if (class_index) {
        if (!is_live(object, class_index, &decoded))
            return false;
        *ret_kind = bp_tag_kind(decoded);
        *ret_bytes = bp_tag_bytes(decoded);
        return true;
    }
    if (!bp_paged_find(object, &paged))
        return false;
    *ret_kind = paged.kind;
    *ret_bytes = paged.n_bytes;
    return true;
}

// new and free, or malloc and delete, are let pass: programs replace one of a pair.
void bp_ward_expect_kind(const void *object, enum bp_kind kind)
{
    enum bp_kind is;
    size_t n_bytes;
    if (object && known(object, &is, &n_bytes) && is != BP_KIND_MALLOC && is != kind)
        bp_ward_die_kind(object, kind);
}

void bp_ward_expect_size(const void *object, size_t n_bytes)
{
    enum bp_kind is;
    size_t is_bytes;
    if (object && known(object, &is, &is_bytes) && is_bytes != n_bytes)
        bp_ward_die_size(object, n_bytes, is_bytes);
}
