// SPDX-License-Identifier: MIT
// Preloaded into an ELF program: loads the dylib that BUMP_TEST_DYLIB names, and hands the
// program's malloc family to what the dylib puts in the place of libSystem's. So the tests of a
// Linux program run the macOS library. What was allocated before it was loaded belongs to the
// system zone.
#include "image.h"
#include "libsystem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static struct image image;
static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*reallocf)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*valloc)(size_t);
    size_t (*malloc_size)(const void *);
    size_t (*malloc_good_size)(size_t);
    bool (*owns)(const void *);
    const char *(*version)(void);
} mac;
static bool ready;

#define REPLACED(name) *(void **)&mac.name = image_replacement(&image, libsystem_resolve(#name))

static __attribute__((constructor(102))) void load(void)
{
    const char *path = getenv("BUMP_TEST_DYLIB");
    if (!path)
        abort();
    image_load(&image, path, libsystem_resolve);
    REPLACED(malloc);
    REPLACED(calloc);
    REPLACED(realloc);
    REPLACED(reallocf);
    REPLACED(free);
    REPLACED(posix_memalign);
    REPLACED(aligned_alloc);
    REPLACED(valloc);
    REPLACED(malloc_size);
    REPLACED(malloc_good_size);
    *(void **)&mac.owns = image_symbol(&image, "bump_owns");
    *(void **)&mac.version = image_symbol(&image, "bump_version");
    if (!mac.malloc || !mac.free || !mac.owns || !mac.version)
        abort();
    shim_api_find(&image);
    ready = true;
}

EXPORT void *malloc(size_t n_bytes)
{
    return ready ? mac.malloc(n_bytes) : libsystem_malloc(n_bytes);
}

EXPORT void *calloc(size_t count, size_t n_bytes)
{
    if (ready)
        return mac.calloc(count, n_bytes);
    void *pointer = libsystem_malloc(count * n_bytes);
    return pointer ? memset(pointer, 0, count * n_bytes) : NULL;
}

EXPORT void free(void *pointer)
{
    if (ready)
        mac.free(pointer);
    else if (pointer)
        libsystem_zone_at(0)->free(libsystem_zone_at(0), pointer);
}

EXPORT void *realloc(void *pointer, size_t n_bytes)
{
    struct bp_zone *zone = libsystem_zone_at(0);
    return ready ? mac.realloc(pointer, n_bytes) : zone->realloc(zone, pointer, n_bytes);
}

void *reallocf(void *pointer, size_t n_bytes);
EXPORT void *reallocf(void *pointer, size_t n_bytes)
{
    return mac.reallocf(pointer, n_bytes);
}

EXPORT int posix_memalign(void **ret_pointer, size_t align, size_t n_bytes)
{
    return mac.posix_memalign(ret_pointer, align, n_bytes);
}

EXPORT void *aligned_alloc(size_t align, size_t n_bytes)
{
    return mac.aligned_alloc(align, n_bytes);
}

EXPORT void *valloc(size_t n_bytes)
{
    return mac.valloc(n_bytes);
}

size_t malloc_size(const void *pointer);
EXPORT size_t malloc_size(const void *pointer)
{
    return mac.malloc_size(pointer);
}

size_t malloc_good_size(size_t n_bytes);
EXPORT size_t malloc_good_size(size_t n_bytes)
{
    return mac.malloc_good_size(n_bytes);
}

// Linux's names for what macOS has under others.
size_t malloc_usable_size(void *pointer);
EXPORT size_t malloc_usable_size(void *pointer)
{
    return mac.malloc_size(pointer);
}

void *memalign(size_t align, size_t n_bytes);
EXPORT void *memalign(size_t align, size_t n_bytes)
{
    return mac.aligned_alloc(align, n_bytes);
}

EXPORT void *reallocarray(void *pointer, size_t count, size_t n_bytes)
{
    size_t total;
    if (!__builtin_mul_overflow(count, n_bytes, &total))
        return mac.realloc(pointer, total);
    errno = ENOMEM;
    return NULL;
}

bool bump_owns(const void *pointer);
EXPORT bool bump_owns(const void *pointer)
{
    return mac.owns(pointer);
}

const char *bump_version(void);
EXPORT const char *bump_version(void)
{
    return mac.version();
}
