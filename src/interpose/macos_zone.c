// SPDX-License-Identifier: MIT
// A malloc zone over the library: what system frameworks allocate from when they ask libmalloc for
// the default zone, what finds our pointers among the zones, and what makes fork safe.
#include "interpose/macos_zone.h"

#include "api/stats.h"
#include "base/attr.h"
#include "entry/entry.h"
#include "region/direct.h"
#include "reserve/reserve.h"
#include "thread/fork.h"
#include "thread/request.h"

enum { KERN_SUCCESS = 0, KERN_FAILURE = 5 };

// 0 for pointers of other zones, and for what was freed or never handed out.
static size_t zone_size(struct bp_zone *zone, const void *pointer)
{
    enum bp_verdict verdict;
    (void)zone;
    return bp_request_usable(pointer, &verdict);
}

static void *zone_malloc(struct bp_zone *zone, size_t n_bytes)
{
    (void)zone;
    return bp_entry_malloc_slow(n_bytes);
}

static void *zone_calloc(struct bp_zone *zone, size_t count, size_t n_bytes)
{
    (void)zone;
    return bp_entry_calloc_slow(count, n_bytes);
}

static void *zone_valloc(struct bp_zone *zone, size_t n_bytes)
{
    (void)zone;
    return bp_entry_valloc(n_bytes);
}

static void zone_free(struct bp_zone *zone, void *pointer)
{
    (void)zone;
    bp_entry_free_slow(pointer);
}

static void *zone_realloc(struct bp_zone *zone, void *pointer, size_t n_bytes)
{
    (void)zone;
    return bp_entry_realloc(pointer, n_bytes);
}

// The process's memory is in it: it stays.
static void zone_destroy(struct bp_zone *zone)
{
    (void)zone;
}

static unsigned zone_batch_malloc(struct bp_zone *zone, size_t n_bytes, void **ret, unsigned count)
{
    unsigned got = 0;
    while (got < count && (ret[got] = zone_malloc(zone, n_bytes)))
        got++;
    return got;
}

static void zone_batch_free(struct bp_zone *zone, void **pointers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        zone_free(zone, pointers[i]);
        pointers[i] = NULL;
    }
}

static void *zone_memalign(struct bp_zone *zone, size_t align, size_t n_bytes)
{
    void *pointer = NULL;
    (void)zone;
    return bp_entry_posix_memalign(&pointer, align, n_bytes) ? NULL : pointer;
}

static void zone_free_definite_size(struct bp_zone *zone, void *pointer, size_t n_bytes)
{
    (void)n_bytes;
    zone_free(zone, pointer);
}

static size_t zone_pressure_relief(struct bp_zone *zone, size_t goal_bytes)
{
    (void)zone, (void)goal_bytes;
    return bp_request_trim();
}

static int zone_claimed_address(struct bp_zone *zone, void *pointer)
{
    (void)zone;
    return bp_reserve_owns(pointer) || bp_direct_usable(pointer) != 0 || zone_size(zone, pointer);
}

// libmalloc calls it on the first zone with any pointer; foreign ones are looked for from there.
static void zone_try_free_default(struct bp_zone *zone, void *pointer)
{
    zone_free(zone, pointer);
}

// --- what tools ask ---

// Objects cannot be told from free ones from outside the process: none are shown.
static int zone_enumerate(unsigned task, void *context, unsigned type_mask, uintptr_t zone,
                          void *reader, void *recorder)
{
    (void)task, (void)context, (void)type_mask, (void)zone, (void)reader, (void)recorder;
    return KERN_FAILURE;
}

static size_t zone_good_size(struct bp_zone *zone, size_t n_bytes)
{
    (void)zone;
    return bp_entry_good_size(n_bytes);
}

static int zone_check(struct bp_zone *zone)
{
    (void)zone;
    return 1;
}

static void zone_print(struct bp_zone *zone, int verbose)
{
    (void)zone;
    if (verbose)
        bp_entry_stats();
}

static void zone_log(struct bp_zone *zone, void *address)
{
    (void)zone, (void)address;
}

static void zone_statistics(struct bp_zone *zone, struct bp_zone_statistics *ret_statistics)
{
    struct bp_stats stats;
    (void)zone;
    bp_stats_gather(&stats);
    *ret_statistics = (struct bp_zone_statistics){
        .size_in_use = stats.used_bytes,
        .max_size_in_use = stats.used_bytes,
        .size_allocated = stats.committed_bytes + stats.direct_bytes,
    };
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        ret_statistics->blocks_in_use += (unsigned)stats.of_class[i].used_objects;
}

static int zone_enable_discharge(struct bp_zone *zone)
{
    (void)zone;
    return 0;
}

static void zone_disable_discharge(struct bp_zone *zone)
{
    (void)zone;
}

static void zone_print_task(unsigned task, unsigned level, uintptr_t zone, void *reader,
                            void *printer)
{
    (void)task, (void)level, (void)zone, (void)reader, (void)printer;
}

static void zone_task_statistics(unsigned task, uintptr_t zone, void *reader,
                                 struct bp_zone_statistics *statistics)
{
    (void)task, (void)zone, (void)reader;
    *statistics = (struct bp_zone_statistics){0, 0, 0, 0};
}

// --- fork: libmalloc calls these around it, on every zone ---

static bool forking; // by the one thread that libmalloc lets fork at a time

static void zone_force_lock(struct bp_zone *zone)
{
    (void)zone;
    bp_fork_prepare();
    forking = true;
}

static void zone_force_unlock(struct bp_zone *zone)
{
    (void)zone;
    forking = false;
    bp_fork_parent();
}

static void zone_reinit_lock(struct bp_zone *zone)
{
    (void)zone;
    forking = false;
    bp_fork_child();
}

static int zone_locked(struct bp_zone *zone)
{
    (void)zone;
    return forking;
}

static struct bp_zone_introspection introspection = {
    .enumerator = zone_enumerate,
    .good_size = zone_good_size,
    .check = zone_check,
    .print = zone_print,
    .log = zone_log,
    .force_lock = zone_force_lock,
    .force_unlock = zone_force_unlock,
    .statistics = zone_statistics,
    .zone_locked = zone_locked,
    .enable_discharge_checking = zone_enable_discharge,
    .disable_discharge_checking = zone_disable_discharge,
    .discharge = zone_log,
    .reinit_lock = zone_reinit_lock,
    .print_task = zone_print_task,
    .task_statistics = zone_task_statistics,
};

struct bp_zone bp_zone = {
    .size = zone_size,
    .malloc = zone_malloc,
    .calloc = zone_calloc,
    .valloc = zone_valloc,
    .free = zone_free,
    .realloc = zone_realloc,
    .destroy = zone_destroy,
    .zone_name = "bumpalloc",
    .batch_malloc = zone_batch_malloc,
    .batch_free = zone_batch_free,
    .introspect = &introspection,
    .version = BP_ZONE_VERSION,
    .memalign = zone_memalign,
    .free_definite_size = zone_free_definite_size,
    .pressure_relief = zone_pressure_relief,
    .claimed_address = zone_claimed_address,
    .try_free_default = zone_try_free_default,
};

// --- promotion ---

// The first registered zone serves the default one that malloc_default_zone stands for.
static void *first_zone(void)
{
    uintptr_t *zones = NULL;
    unsigned count = 0;
    if (malloc_get_all_zones(0, NULL, &zones, &count) != KERN_SUCCESS || !count)
        return NULL;
    return (void *)zones[0];
}

// Unregistering a zone puts the last registered one in its place: so who is first goes to the end,
// and we, who are last, come first.
static void come_first(void)
{
    enum { ZONES_MAX = 64 };
    malloc_zone_register(&bp_zone);
    for (unsigned i = 0; i < ZONES_MAX; i++) {
        void *first = first_zone();
        if (!first || first == &bp_zone)
            return;
        malloc_zone_unregister(first);
        malloc_zone_register(first);
    }
}

// The purgeable zone is made before, because making it later would expect the system's zone in
// front; and goes behind that zone again, whose small blocks it takes for its own.
static __attribute__((constructor)) void promote(void)
{
    bp_entry_init();
    void *purgeable = malloc_default_purgeable_zone();
    come_first();
    malloc_zone_unregister(purgeable);
    malloc_zone_register(purgeable);
}
