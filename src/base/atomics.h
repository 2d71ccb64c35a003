// SPDX-License-Identifier: MIT
// The only atomics in the library, with their order in the name. A call that is not relaxed
// says at its site what it pairs with; a relaxed one is for values whose staleness is harmless
// or which a lock publishes. Here, too, are the only conditionals on the processor.
#ifndef BP_BASE_ATOMICS_H
#define BP_BASE_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// BP_STORES_IN_ORDER: a thread's plain stores become visible to others in their order, and plain
// loads are made in theirs.
#if defined(__x86_64__)
#define BP_STORES_IN_ORDER 1
#define BP_SPIN_HINT       "pause"
#elif defined(__aarch64__)
#define BP_STORES_IN_ORDER 0
#define BP_SPIN_HINT       "isb" // waits a little; yield does nothing on most
#elif defined(__riscv)
#define BP_STORES_IN_ORDER 0
#define BP_SPIN_HINT       ".word 0x0100000f" // pause; a fence that orders nothing where unknown
#else
#define BP_STORES_IN_ORDER 0
#define BP_SPIN_HINT       ""
#endif

typedef _Atomic(size_t) bp_atomic_size;
typedef _Atomic(uint32_t) bp_atomic_u32;
typedef _Atomic(void *) bp_atomic_ptr;

static inline size_t bp_load_relaxed(const bp_atomic_size *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static inline void bp_store_relaxed(bp_atomic_size *cell, size_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static inline size_t bp_add_relaxed(bp_atomic_size *cell, size_t value)
{
    return atomic_fetch_add_explicit(cell, value, memory_order_relaxed);
}

static inline size_t bp_sub_relaxed(bp_atomic_size *cell, size_t value)
{
    return atomic_fetch_sub_explicit(cell, value, memory_order_relaxed);
}

// The cell is the most that it was ever offered.
static inline void bp_max_relaxed(bp_atomic_size *cell, size_t value)
{
    size_t most = bp_load_relaxed(cell);
    while (value > most && !atomic_compare_exchange_weak_explicit(
                               cell, &most, value, memory_order_relaxed, memory_order_relaxed))
        ;
}

static inline uint32_t bp_load_u32_relaxed(const bp_atomic_u32 *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static inline void bp_store_u32_relaxed(bp_atomic_u32 *cell, uint32_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static inline uint32_t bp_add_u32_release(bp_atomic_u32 *cell, uint32_t value)
{
    return atomic_fetch_add_explicit(cell, value, memory_order_release);
}

static inline uint32_t bp_load_u32_acquire(const bp_atomic_u32 *cell)
{
    return atomic_load_explicit(cell, memory_order_acquire);
}

static inline void bp_store_u32_release(bp_atomic_u32 *cell, uint32_t value)
{
    atomic_store_explicit(cell, value, memory_order_release);
}

static inline bool bp_cas_u32_acquire(bp_atomic_u32 *cell, uint32_t expected, uint32_t value)
{
    return atomic_compare_exchange_strong_explicit(cell, &expected, value, memory_order_acquire,
                                                   memory_order_relaxed);
}

static inline uint32_t bp_exchange_u32_acquire(bp_atomic_u32 *cell, uint32_t value)
{
    return atomic_exchange_explicit(cell, value, memory_order_acquire);
}

static inline uint32_t bp_exchange_u32_release(bp_atomic_u32 *cell, uint32_t value)
{
    return atomic_exchange_explicit(cell, value, memory_order_release);
}

static inline void *bp_load_ptr_relaxed(const bp_atomic_ptr *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static inline void bp_store_ptr_relaxed(bp_atomic_ptr *cell, void *value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static inline void *bp_load_ptr_acquire(const bp_atomic_ptr *cell)
{
    return atomic_load_explicit(cell, memory_order_acquire);
}

static inline void bp_store_ptr_release(bp_atomic_ptr *cell, void *value)
{
    atomic_store_explicit(cell, value, memory_order_release);
}

static inline void *bp_exchange_ptr_acquire(bp_atomic_ptr *cell, void *value)
{
    return atomic_exchange_explicit(cell, value, memory_order_acquire);
}

static inline void *bp_exchange_ptr_acq_rel(bp_atomic_ptr *cell, void *value)
{
    return atomic_exchange_explicit(cell, value, memory_order_acq_rel);
}

// A word that its owner writes plainly.
static inline void *bp_peek_acquire(void *const *cell)
{
    return __atomic_load_n(cell, __ATOMIC_ACQUIRE);
}

// Two bytes that others write by the one below, or plainly.
static inline uint16_t bp_peek_u16_acquire(const uint16_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_ACQUIRE);
}

static inline uint16_t bp_peek_u16_relaxed(const uint16_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static inline void bp_poke_u16_release(uint16_t *cell, uint16_t value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELEASE);
}

static inline void bp_poke_u16_relaxed(uint16_t *cell, uint16_t value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

// A word that stands in an object, which its owner writes plainly or by the second.
static inline uint64_t bp_peek_word_relaxed(const uint64_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static inline void bp_poke_word_relaxed(uint64_t *cell, uint64_t value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

// A word that another thread reads plainly.
static inline void bp_poke_relaxed(void **cell, void *value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

// Words of public structs, which have no atomic types because C++ reads those headers too.
static inline size_t bp_peek_size_acquire(const size_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_ACQUIRE);
}

static inline size_t bp_peek_size_relaxed(const size_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static inline bool bp_cas_size_acq_rel(size_t *cell, size_t expected, size_t value)
{
    return __atomic_compare_exchange_n(cell, &expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static inline uint32_t bp_poke_add_u32_relaxed(uint32_t *cell, uint32_t value)
{
    return __atomic_fetch_add(cell, value, __ATOMIC_RELAXED);
}

// Of two threads that each store and then look, at least one sees the other.
static inline void bp_fence_full(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

// Keeps the compiler from moving accesses; the processor's order is another thread's concern, who
// makes this one pass a barrier (bp_os_barrier_all).
static inline void bp_fence_compiler(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void bp_spin_hint(void)
{
    __asm__ volatile(BP_SPIN_HINT);
}

#endif
