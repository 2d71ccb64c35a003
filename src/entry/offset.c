// SPDX-License-Identifier: MIT
#include "entry/offset.h"

#include "base/bits.h"
#include "core/report.h"
#include "entry/entry.h"
#include "os/os.h"
#include "region/span.h"
#include "thread/registry.h"
#include "thread/request.h"

#include <errno.h>
#include <string.h>

#define MARK ((size_t)0x6b70d41f0a2c9e35u)

// Stands just before a block that begins inside an object.
struct head {
    void *start;
    size_t mark;
};

static bp_atomic_size inside_count; // such blocks that are alive

static struct head head_of(const void *pointer)
{
    struct head head;
    memcpy(&head, (const char *)pointer - sizeof(head), sizeof(head));
    return head;
}

// Does an object of ours start there?
static bool is_start(const void *pointer)
{
    enum bp_verdict verdict;
    size_t key = bp_heap_key_of(pointer);
    if (key)
        return bp_span_has(bp_key_class(key), pointer);
    bp_request_usable(pointer, &verdict);
    return verdict == BP_DONE;
}

// The object that the block is in, or the pointer itself if no head says otherwise.
static void *start_of(void *pointer)
{
    if (!bp_load_relaxed(&inside_count) || is_start(pointer))
        return pointer;
    struct head head = head_of(pointer);
    return head.mark == ((size_t)pointer ^ MARK) ? head.start : pointer;
}

static bool is_foreign(const void *pointer)
{
    enum bp_verdict verdict;
    bp_request_usable(pointer, &verdict);
    return verdict == BP_FOREIGN;
}

static void *alloc(size_t n_bytes, size_t align)
{
    bp_entry_enter();
    void *object = bp_request_alloc(n_bytes, align, false);
    if (!object)
        errno = ENOMEM;
    return object;
}

void *bp_entry_offset_alloc(size_t n_bytes, size_t align, size_t offset)
{
    if (!bp_is_power_of_two(align) || (offset && offset >= n_bytes)) {
        errno = EINVAL;
        return NULL;
    }
    if (align > BP_REQUEST_MAX || n_bytes > BP_REQUEST_MAX - align) {
        errno = ENOMEM;
        return NULL;
    }
    align = bp_max(align, BP_OBJECT_ALIGN);
    size_t lead = -offset & (align - 1);
    if (!lead)
        return alloc(n_bytes, align);
    if (lead < sizeof(struct head))
        lead += align;
    char *start = alloc(n_bytes + lead, align);
    if (!start)
        return NULL;
    char *block = start + lead;
    struct head head = {start, (size_t)block ^ MARK};
    memcpy(block - sizeof(head), &head, sizeof(head));
    bp_add_relaxed(&inside_count, 1);
    return block;
}

// The runtime keeps its own aligned blocks in its own way.
static void foreign_free(void *pointer)
{
    void *found = bp_os_next_function("_aligned_free");
    if (!found)
        bp_die_invalid(pointer, "_aligned_free");
    (__extension__(void (*)(void *)) found)(pointer);
}

void bp_entry_offset_free(void *pointer)
{
    void *start = pointer ? start_of(pointer) : NULL;
    if (!start)
        return;
    if (start != pointer) {
        struct head none = {NULL, 0};
        memcpy((char *)pointer - sizeof(none), &none, sizeof(none));
        bp_sub_relaxed(&inside_count, 1);
    } else if (is_foreign(pointer)) {
        foreign_free(pointer);
        return;
    }
    bp_entry_free_slow(start);
}

static size_t foreign_usable(void *pointer, size_t align, size_t offset)
{
    void *found = bp_os_next_function("_aligned_msize");
    if (!found)
        bp_die_invalid(pointer, "_aligned_msize");
    return (__extension__(size_t(*)(void *, size_t, size_t)) found)(pointer, align, offset);
}

size_t bp_entry_offset_usable(void *pointer, size_t align, size_t offset)
{
    if (!pointer) {
        errno = EINVAL;
        return SIZE_MAX;
    }
    void *start = start_of(pointer);
    if (start == pointer && is_foreign(pointer))
        return foreign_usable(pointer, align, offset);
    return bp_entry_usable_size(start) - (size_t)((char *)pointer - (char *)start);
}

// Clears what follows the first n_bytes, up to the usable size.
static void *clear_behind(void *pointer, size_t n_bytes, size_t usable)
{
    if (usable > n_bytes)
        memset((char *)pointer + n_bytes, 0, usable - n_bytes);
    return pointer;
}

static bool may_stay(const void *pointer, size_t usable, size_t n_bytes, size_t align,
                     size_t offset)
{
    bool fits = n_bytes <= usable && n_bytes >= usable / 2;
    return fits && (((size_t)pointer + offset) & (align - 1)) == 0;
}

static void *offset_move(void *pointer, size_t usable, size_t n_bytes, size_t align, size_t offset,
                         bool zero)
{
    void *moved = bp_entry_offset_alloc(n_bytes, align, offset);
    size_t kept = bp_min(usable, n_bytes);
    if (!moved)
        return NULL;
    if (pointer)
        memcpy(moved, pointer, kept);
    if (zero)
        clear_behind(moved, kept, bp_entry_offset_usable(moved, align, offset));
    bp_entry_offset_free(pointer);
    return moved;
}

void *bp_entry_offset_realloc(void *pointer, size_t n_bytes, size_t align, size_t offset, bool zero)
{
    if (pointer && !n_bytes) {
        bp_entry_offset_free(pointer);
        return NULL;
    }
    if (!bp_is_power_of_two(align) || (offset && offset >= n_bytes)) {
        errno = EINVAL;
        return NULL;
    }
    size_t usable = pointer ? bp_entry_offset_usable(pointer, align, offset) : 0;
    if (pointer && may_stay(pointer, usable, n_bytes, align, offset))
        return zero ? clear_behind(pointer, n_bytes, usable) : pointer;
    return offset_move(pointer, usable, n_bytes, align, offset, zero);
}

void *bp_entry_recalloc(void *pointer, size_t count, size_t n_bytes)
{
    size_t total, usable = pointer ? bp_entry_usable_size(pointer) : 0;
    if (__builtin_mul_overflow(count, n_bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *resized = bp_entry_realloc(pointer, total);
    if (!resized)
        return NULL;
    return clear_behind(resized, bp_min(usable, total), bp_entry_usable_size(resized));
}

size_t bp_entry_msize(void *pointer)
{
    if (pointer)
        return bp_entry_usable_size(pointer);
    errno = EINVAL;
    return SIZE_MAX;
}

static void *foreign_expand(void *pointer, size_t n_bytes)
{
    void *found = bp_os_next_function("_expand");
    if (!found)
        bp_die_invalid(pointer, "_expand");
    return (__extension__(void *(*)(void *, size_t)) found)(pointer, n_bytes);
}

void *bp_entry_expand(void *pointer, size_t n_bytes)
{
    enum bp_verdict verdict;
    unsigned region;
    if (!pointer) {
        errno = EINVAL;
        return NULL;
    }
    size_t usable = bp_request_usable(pointer, &verdict);
    if (verdict == BP_FOREIGN)
        return foreign_expand(pointer, n_bytes);
    if (verdict != BP_DONE)
        bp_die_invalid(pointer, "_expand");
    bool stays = n_bytes <= usable ||
                 (bp_region_of(pointer, &region) && bp_region_resize(region, pointer, n_bytes));
    if (!stays)
        errno = ENOMEM;
    return stays ? pointer : NULL;
}
