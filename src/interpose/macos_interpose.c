// SPDX-License-Identifier: MIT
// What dyld replaces when DYLD_INSERT_LIBRARIES brings this library: the untyped malloc family,
// what libSystem allocates for its callers, and the functions of zones. None of malloc_type_*:
// libmalloc hands those to the untyped ones as long as no typed one is interposed.
// In this image the names mean libSystem's own functions.
#include "base/bits.h"
#include "entry/entry.h"
#include "interpose/macos_zone.h"
#include "region/direct.h"
#include "region/overflow.h"
#include "reserve/reserve.h"
#include "thread/heap_hot.h"

#include <stdlib.h>
#include <string.h>

static void *mac_malloc(size_t n_bytes)
{
    void *object = bp_heap_try_malloc(n_bytes);
    return BP_LIKELY(object) ? object : bp_entry_malloc_slow(n_bytes);
}

static void mac_free(void *pointer)
{
    if (BP_UNLIKELY(!bp_heap_try_free(pointer)))
        bp_entry_free_slow(pointer);
}

static size_t mac_malloc_size(const void *pointer)
{
    return bp_entry_usable_size((void *)(size_t)pointer);
}

// --- what libSystem allocates for its callers, from our memory ---

static char *mac_strndup(const char *text, size_t most)
{
    size_t length = strnlen(text, most);
    char *copy = mac_malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static char *mac_strdup(const char *text)
{
    return mac_strndup(text, BP_REQUEST_MAX - 1);
}

enum { PATH_BYTES = 1024 }; // PATH_MAX

static char *mac_realpath(const char *path, char *resolved)
{
    char buffer[PATH_BYTES];
    if (resolved)
        return realpath(path, resolved);
    return realpath(path, buffer) ? mac_strdup(buffer) : NULL;
}

// --- zones: ours stands for the default one, and our pointers are known whatever zone is named ---

static bool is_ours(const void *pointer)
{
    return bp_reserve_owns(pointer) || bp_overflow_class_of(pointer) || bp_direct_usable(pointer);
}

static bool is_our_zone(const void *zone)
{
    return zone == &bp_zone || zone == malloc_default_zone();
}

static void *mac_default_zone(void)
{
    return &bp_zone;
}

static void *mac_zone_malloc(void *zone, size_t n_bytes)
{
    return is_our_zone(zone) ? mac_malloc(n_bytes) : malloc_zone_malloc(zone, n_bytes);
}

static void *mac_zone_calloc(void *zone, size_t count, size_t n_bytes)
{
    return is_our_zone(zone) ? bp_entry_calloc_slow(count, n_bytes)
                             : malloc_zone_calloc(zone, count, n_bytes);
}

static void *mac_zone_valloc(void *zone, size_t n_bytes)
{
    return is_our_zone(zone) ? bp_entry_valloc(n_bytes) : malloc_zone_valloc(zone, n_bytes);
}

static void *mac_zone_memalign(void *zone, size_t align, size_t n_bytes)
{
    return is_our_zone(zone) ? bp_zone.memalign(&bp_zone, align, n_bytes)
                             : malloc_zone_memalign(zone, align, n_bytes);
}

static void *mac_zone_realloc(void *zone, void *pointer, size_t n_bytes)
{
    bool ours = pointer ? is_ours(pointer) : is_our_zone(zone);
    return ours ? bp_entry_realloc(pointer, n_bytes) : malloc_zone_realloc(zone, pointer, n_bytes);
}

static void mac_zone_free(void *zone, void *pointer)
{
    if (is_ours(pointer))
        mac_free(pointer);
    else if (pointer)
        malloc_zone_free(zone, pointer);
}

static void *mac_zone_from_ptr(const void *pointer)
{
    return is_ours(pointer) ? &bp_zone : malloc_zone_from_ptr(pointer);
}

// The process's memory is in our zone: it does not go.
static void mac_zone_unregister(void *zone)
{
    if (zone != &bp_zone)
        malloc_zone_unregister(zone);
}

// --- the table ---

extern void *reallocf(void *pointer, size_t n_bytes);
extern void *valloc(size_t n_bytes);
extern void vfree(void *pointer);
extern size_t malloc_size(const void *pointer);
extern size_t malloc_good_size(size_t n_bytes);

struct tuple {
    const void *replacement, *original;
};
#define REPLACE(original, replacement)                                                             \
    {                                                                                              \
        (const void *)(size_t)(replacement), (const void *)(size_t)(original)                      \
    }

__attribute__((used,
               section("__DATA,__interpose,interposing"))) static const struct tuple tuples[] = {
    REPLACE(malloc, mac_malloc),
    REPLACE(calloc, bp_entry_calloc_slow),
    REPLACE(realloc, bp_entry_realloc),
    REPLACE(reallocf, bp_entry_reallocf),
    REPLACE(valloc, bp_entry_valloc),
    REPLACE(free, mac_free),
    REPLACE(vfree, mac_free),
    REPLACE(malloc_size, mac_malloc_size),
    REPLACE(malloc_good_size, bp_entry_good_size),
    REPLACE(posix_memalign, bp_entry_posix_memalign),
    REPLACE(aligned_alloc, bp_entry_aligned_alloc),
    REPLACE(strdup, mac_strdup),
    REPLACE(strndup, mac_strndup),
    REPLACE(realpath, mac_realpath),
    REPLACE(malloc_default_zone, mac_default_zone),
    REPLACE(malloc_default_purgeable_zone, mac_default_zone),
    REPLACE(malloc_zone_malloc, mac_zone_malloc),
    REPLACE(malloc_zone_calloc, mac_zone_calloc),
    REPLACE(malloc_zone_valloc, mac_zone_valloc),
    REPLACE(malloc_zone_memalign, mac_zone_memalign),
    REPLACE(malloc_zone_realloc, mac_zone_realloc),
    REPLACE(malloc_zone_free, mac_zone_free),
    REPLACE(malloc_zone_from_ptr, mac_zone_from_ptr),
    REPLACE(malloc_zone_unregister, mac_zone_unregister),
};
