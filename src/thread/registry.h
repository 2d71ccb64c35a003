// SPDX-License-Identifier: MIT
// All thread heaps there ever were, and who has which. Records are never freed; lists and states
// are under the registry lock. A thread that starts takes the heap that was parked last.
#ifndef BP_THREAD_REGISTRY_H
#define BP_THREAD_REGISTRY_H

#include "thread/heap.h"

struct bp_lock;

// Sets up the common heap, if need be again; false if it cannot be had now.
bool bp_registry_init(void);
// How many processors the process may use: what threads may keep follows it.
void bp_registry_set_cpus(unsigned cpu_count);
// The calling thread gets a heap, and its end will be noticed. Does nothing if none can be had.
void bp_registry_attach(void);
// The calling thread ends: its heap is parked or emptied, later calls use the common one.
void bp_registry_thread_ended(void *heap);
// The calling thread's heap is brought home if it was called away; NULL if there is none.
BP_COLD struct bp_heap *bp_registry_come_home(void);
// The calling thread's heap, for one operation of the hot path; NULL if it has none.
static inline struct bp_heap *bp_registry_own(void)
{
    struct bp_heap_hot *hot = bp_heap_tls;
    // Every real heap has a class for objects of 16 bytes, no constant one has.
    return BP_LIKELY(hot->key[1]) ? (struct bp_heap *)hot : bp_registry_come_home();
}

// The same for who can do without: NULL also if the heap is away.
static inline struct bp_heap *bp_registry_own_here(void)
{
    struct bp_heap_hot *hot = bp_heap_tls;
    return BP_LIKELY(hot->key[1]) ? (struct bp_heap *)hot : NULL;
}

// The calling thread's heap for more than that: it cannot be emptied by others until it is left.
struct bp_heap *bp_registry_enter(void);
void bp_registry_leave(struct bp_heap *heap);
// The calling thread's next call leaves the hot path, too.
void bp_registry_step_out(void);
// A heap to work with for one request: the thread's own, entered, or the common one, locked.
// NULL without a reservation.
struct bp_heap *bp_registry_borrow(void);
void bp_registry_return(struct bp_heap *heap);

extern BP_HIDDEN bp_atomic_u32 bp_registry_records; // as bp_registry_count
uint32_t bp_registry_count(void);
struct bp_heap *bp_registry_at(uint32_t index);
// The calling thread's heap, all parked ones, and what live ones have in sight is given back.
void bp_registry_flush(void);
// Heaps that were parked already when this was called last are given back.
void bp_registry_flush_parked_idle(void);

// A heap has aged its bins: once every heap may have, the depots of idle classes are emptied.
void bp_registry_age(void);

struct bp_lock *bp_registry_lock(void);
struct bp_lock *bp_registry_common_lock(void);
// In the child: heaps of threads that are not there are written off, but for their slots.
void bp_registry_after_fork(void);

#endif
