// SPDX-License-Identifier: MIT
// The stand-in's zones: the system's own, the registry, and what fork does with them.
#include "libsystem.h"
#include "libsystem_map.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { ZONES_MAX = 16, BLOCKS_MAX = 1 << 14 };

extern void *__libc_malloc(size_t n_bytes);
extern void *__libc_calloc(size_t count, size_t n_bytes);
extern void *__libc_realloc(void *pointer, size_t n_bytes);
extern void *__libc_memalign(size_t align, size_t n_bytes);
extern void __libc_free(void *pointer);

// --- the system zone: glibc's malloc, and a table of what it handed out ---

static struct {
    int busy;
    const void *address[BLOCKS_MAX]; // open addressing; GONE where one was
    size_t n_bytes[BLOCKS_MAX];
    unsigned count;
} blocks;
#define GONE ((const void *)1)

static void blocks_take(void)
{
    while (__atomic_exchange_n(&blocks.busy, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void blocks_give(void)
{
    __atomic_store_n(&blocks.busy, 0, __ATOMIC_RELEASE);
}

static unsigned block_find_locked(const void *pointer)
{
    unsigned at = (unsigned)((size_t)pointer >> 4) % BLOCKS_MAX;
    for (unsigned i = 0; i < BLOCKS_MAX && blocks.address[at]; i++, at = (at + 1) % BLOCKS_MAX) {
        if (blocks.address[at] == pointer)
            return at;
    }
    return BLOCKS_MAX;
}

static void *block_note(void *pointer, size_t n_bytes)
{
    unsigned at = (unsigned)((size_t)pointer >> 4) % BLOCKS_MAX;
    if (!pointer)
        return NULL;
    blocks_take();
    if (++blocks.count > BLOCKS_MAX / 2)
        abort();
    while (blocks.address[at] && blocks.address[at] != GONE)
        at = (at + 1) % BLOCKS_MAX;
    blocks.address[at] = pointer;
    blocks.n_bytes[at] = n_bytes ? n_bytes : 1;
    blocks_give();
    return pointer;
}

static size_t system_size(struct bp_zone *zone, const void *pointer)
{
    (void)zone;
    blocks_take();
    unsigned at = block_find_locked(pointer);
    size_t n_bytes = at < BLOCKS_MAX ? blocks.n_bytes[at] : 0;
    blocks_give();
    return n_bytes;
}

static void *system_malloc(struct bp_zone *zone, size_t n_bytes)
{
    (void)zone;
    return block_note(__libc_malloc(n_bytes), n_bytes);
}

static void *system_calloc(struct bp_zone *zone, size_t count, size_t n_bytes)
{
    (void)zone;
    return block_note(__libc_calloc(count, n_bytes), count * n_bytes);
}

static void *system_memalign(struct bp_zone *zone, size_t align, size_t n_bytes)
{
    (void)zone;
    return block_note(__libc_memalign(align, n_bytes), n_bytes);
}

static void *system_valloc(struct bp_zone *zone, size_t n_bytes)
{
    return system_memalign(zone, 16384, n_bytes);
}

// As libmalloc: what is not there is a crime.
static void block_forget(const void *pointer)
{
    blocks_take();
    unsigned at = block_find_locked(pointer);
    if (at == BLOCKS_MAX)
        abort();
    blocks.address[at] = GONE;
    blocks.count--;
    blocks_give();
}

static void system_free(struct bp_zone *zone, void *pointer)
{
    (void)zone;
    if (pointer) {
        block_forget(pointer);
        __libc_free(pointer);
    }
}

static void *system_realloc(struct bp_zone *zone, void *pointer, size_t n_bytes)
{
    (void)zone;
    if (pointer)
        block_forget(pointer);
    return block_note(__libc_realloc(pointer, n_bytes), n_bytes);
}

static void hook_nothing(struct bp_zone *zone)
{
    (void)zone;
}

static struct bp_zone_introspection system_introspection = {
    .force_lock = hook_nothing, .force_unlock = hook_nothing, .reinit_lock = hook_nothing};

static struct bp_zone system_zone = {
    .size = system_size,
    .malloc = system_malloc,
    .calloc = system_calloc,
    .valloc = system_valloc,
    .free = system_free,
    .realloc = system_realloc,
    .memalign = system_memalign,
    .zone_name = "system",
    .introspect = &system_introspection,
    .version = BP_ZONE_VERSION,
};

// Stands for the first zone, as libmalloc's does since macOS 10.12.
static struct bp_zone virtual_zone = {.zone_name = "default"};

void *libsystem_malloc(size_t n_bytes)
{
    return system_malloc(&system_zone, n_bytes);
}

bool libsystem_owns(const void *pointer)
{
    return system_size(&system_zone, pointer) != 0;
}

unsigned libsystem_block_count(void)
{
    return blocks.count;
}

// --- the registry ---

static struct bp_zone *zones[ZONES_MAX] = {&system_zone};
static unsigned zone_count = 1;

struct bp_zone *libsystem_zone_at(unsigned index)
{
    return index < zone_count ? zones[index] : NULL;
}

unsigned libsystem_zone_count(void)
{
    return zone_count;
}

static void zone_register(struct bp_zone *zone)
{
    if (zone_count == ZONES_MAX)
        abort();
    zones[zone_count++] = zone;
}

static void zone_unregister(struct bp_zone *zone)
{
    for (unsigned i = 0; i < zone_count; i++) {
        if (zones[i] == zone) {
            zones[i] = zones[--zone_count];
            return;
        }
    }
}

static int all_zones(unsigned task, void *reader, uintptr_t **ret_zones, unsigned *ret_count)
{
    (void)task, (void)reader;
    *ret_zones = (uintptr_t *)(void *)zones;
    *ret_count = zone_count;
    return 0;
}

static struct bp_zone *default_zone(void)
{
    return &virtual_zone;
}

// Made when it is first asked for, over the zone that is the first one then, which has to be the
// system's. Before that one in the registry it would take that one's pointers for its own.
static struct bp_zone *purgeable_zone(void)
{
    static struct bp_zone purgeable;
    if (purgeable.version)
        return &purgeable;
    if (zones[0] != &system_zone)
        abort();
    purgeable = system_zone;
    purgeable.zone_name = "purgeable";
    zone_register(&purgeable);
    return &purgeable;
}

static struct bp_zone *real(struct bp_zone *zone)
{
    return zone == &virtual_zone ? zones[0] : zone;
}

static struct bp_zone *zone_from_ptr(const void *pointer)
{
    for (unsigned i = 0; i < zone_count; i++) {
        if (zones[i]->size(zones[i], pointer))
            return zones[i];
    }
    return NULL;
}

static void *zone_malloc(struct bp_zone *zone, size_t n_bytes)
{
    return real(zone)->malloc(real(zone), n_bytes);
}

static void *zone_calloc(struct bp_zone *zone, size_t count, size_t n_bytes)
{
    return real(zone)->calloc(real(zone), count, n_bytes);
}

static void *zone_valloc(struct bp_zone *zone, size_t n_bytes)
{
    return real(zone)->valloc(real(zone), n_bytes);
}

static void *zone_memalign(struct bp_zone *zone, size_t align, size_t n_bytes)
{
    return real(zone)->memalign(real(zone), align, n_bytes);
}

static void *zone_realloc(struct bp_zone *zone, void *pointer, size_t n_bytes)
{
    return real(zone)->realloc(real(zone), pointer, n_bytes);
}

static void zone_free(struct bp_zone *zone, void *pointer)
{
    real(zone)->free(real(zone), pointer);
}

static size_t size_of(const void *pointer)
{
    struct bp_zone *zone = zone_from_ptr(pointer);
    return zone ? zone->size(zone, pointer) : 0;
}

// --- fork ---

static void before_fork(void)
{
    for (unsigned i = 0; i < zone_count; i++)
        zones[i]->introspect->force_lock(zones[i]);
    libsystem_map_take();
    libsystem_map_fork();
}

static void after_fork_parent(void)
{
    libsystem_map_give();
    for (unsigned i = 0; i < zone_count; i++)
        zones[i]->introspect->force_unlock(zones[i]);
}

// From version 9 on libmalloc does not ask whether the hook is there.
static void after_fork_child(void)
{
    libsystem_map_give();
    for (unsigned i = 0; i < zone_count; i++) {
        if (zones[i]->version >= 9)
            zones[i]->introspect->reinit_lock(zones[i]);
        else
            zones[i]->introspect->force_unlock(zones[i]);
    }
}

static __attribute__((constructor(101))) void fork_hooks(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static void *default_malloc(size_t n_bytes)
{
    return zone_malloc(&virtual_zone, n_bytes);
}

const struct libsystem_function libsystem_zone_functions[] = {
    OTHER(malloc_default_zone, default_zone),
    OTHER(malloc_default_purgeable_zone, purgeable_zone),
    OTHER(malloc_get_all_zones, all_zones),
    OTHER(malloc_size, size_of),
    OTHER(malloc_zone_calloc, zone_calloc),
    OTHER(malloc_zone_free, zone_free),
    OTHER(malloc_zone_from_ptr, zone_from_ptr),
    OTHER(malloc_zone_malloc, zone_malloc),
    OTHER(malloc_zone_memalign, zone_memalign),
    OTHER(malloc_zone_realloc, zone_realloc),
    OTHER(malloc_zone_register, zone_register),
    OTHER(malloc_zone_unregister, zone_unregister),
    OTHER(malloc_zone_valloc, zone_valloc),
    OTHER(malloc, default_malloc),
    {NULL, NULL},
};
