// SPDX-License-Identifier: MIT
// The malloc zone of macOS as libmalloc lays it out, up to version 13 of the structure (malloc.h of
// Apple's libmalloc). Defined here because a zone has to have the layout of the version that it
// states, whatever the headers of the machine that builds it know. Other fields only follow later
// versions, and are not read for this one.
#ifndef BP_INTERPOSE_MACOS_ZONE_H
#define BP_INTERPOSE_MACOS_ZONE_H

#include <stddef.h>
#include <stdint.h>

enum { BP_ZONE_VERSION = 13 };

struct bp_zone;

struct bp_zone_statistics {
    unsigned blocks_in_use;
    size_t size_in_use, max_size_in_use, size_allocated;
};

struct bp_zone_introspection {
    int (*enumerator)(unsigned task, void *context, unsigned type_mask, uintptr_t zone,
                      void *reader, void *recorder);
    size_t (*good_size)(struct bp_zone *zone, size_t n_bytes);
    int (*check)(struct bp_zone *zone);
    void (*print)(struct bp_zone *zone, int verbose);
    void (*log)(struct bp_zone *zone, void *address);
    void (*force_lock)(struct bp_zone *zone);
    void (*force_unlock)(struct bp_zone *zone);
    void (*statistics)(struct bp_zone *zone, struct bp_zone_statistics *ret_statistics);
    int (*zone_locked)(struct bp_zone *zone);
    int (*enable_discharge_checking)(struct bp_zone *zone); // version 7
    void (*disable_discharge_checking)(struct bp_zone *zone);
    void (*discharge)(struct bp_zone *zone, void *memory);
    void *enumerate_discharged_pointers;
    void (*reinit_lock)(struct bp_zone *zone); // version 9: in the child of a fork
    void (*print_task)(unsigned task, unsigned level, uintptr_t zone, void *reader,
                       void *printer); // version 11
    void (*task_statistics)(unsigned task, uintptr_t zone, void *reader,
                            struct bp_zone_statistics *statistics); // version 12
};

struct bp_zone {
    void *reserved1, *reserved2;
    size_t (*size)(struct bp_zone *zone, const void *pointer); // 0: not of this zone
    void *(*malloc)(struct bp_zone *zone, size_t n_bytes);
    void *(*calloc)(struct bp_zone *zone, size_t count, size_t n_bytes);
    void *(*valloc)(struct bp_zone *zone, size_t n_bytes);
    void (*free)(struct bp_zone *zone, void *pointer);
    void *(*realloc)(struct bp_zone *zone, void *pointer, size_t n_bytes);
    void (*destroy)(struct bp_zone *zone);
    const char *zone_name;
    unsigned (*batch_malloc)(struct bp_zone *zone, size_t n_bytes, void **ret, unsigned count);
    void (*batch_free)(struct bp_zone *zone, void **pointers, unsigned count);
    struct bp_zone_introspection *introspect;
    unsigned version;
    void *(*memalign)(struct bp_zone *zone, size_t align, size_t n_bytes);           // version 5
    void (*free_definite_size)(struct bp_zone *zone, void *pointer, size_t n_bytes); // 6
    size_t (*pressure_relief)(struct bp_zone *zone, size_t goal_bytes);              // 8
    int (*claimed_address)(struct bp_zone *zone, void *pointer);                     // 10
    void (*try_free_default)(struct bp_zone *zone, void *pointer);                   // 13
};

_Static_assert(offsetof(struct bp_zone, introspect) == 12 * sizeof(void *), "as libmalloc has it");
_Static_assert(offsetof(struct bp_zone, version) == 13 * sizeof(void *), "as libmalloc has it");
_Static_assert(offsetof(struct bp_zone, claimed_address) == 17 * sizeof(void *), "as libmalloc");
_Static_assert(sizeof(struct bp_zone) == 19 * sizeof(void *), "as libmalloc has it");
_Static_assert(offsetof(struct bp_zone_introspection, reinit_lock) == 13 * sizeof(void *),
               "as libmalloc has it");

// Ours. Registered and made the default by a constructor.
extern struct bp_zone bp_zone;

// libmalloc's own, as this image sees them: not interposed.
extern void *malloc_default_zone(void);
extern void *malloc_default_purgeable_zone(void);
extern void malloc_zone_register(void *zone);
extern void malloc_zone_unregister(void *zone);
extern int malloc_get_all_zones(unsigned task, void *reader, uintptr_t **ret_zones,
                                unsigned *ret_count);
extern void *malloc_zone_from_ptr(const void *pointer);
extern void *malloc_zone_malloc(void *zone, size_t n_bytes);
extern void *malloc_zone_calloc(void *zone, size_t count, size_t n_bytes);
extern void *malloc_zone_valloc(void *zone, size_t n_bytes);
extern void *malloc_zone_memalign(void *zone, size_t align, size_t n_bytes);
extern void *malloc_zone_realloc(void *zone, void *pointer, size_t n_bytes);
extern void malloc_zone_free(void *zone, void *pointer);

#endif
