// SPDX-License-Identifier: MIT
#include "shadow.h"

#include "block.h"

#include <sys/mman.h>

// An emulator pays for every page of the table, used or not: there addresses are folded into 256
// GiB.
#if defined(CHECK_EMULATED)
enum { ADDRESS_BITS = 38 };
#define FOLDED(address) ((address) & (((uintptr_t)1 << ADDRESS_BITS) - 1))
#else
enum { ADDRESS_BITS = 47 };
#define FOLDED(address) (address)
#endif
enum { GRANULE_SHIFT = 4, WORD_BITS = 64 };

static uint64_t *words;

bool shadow_open(void)
{
    size_t n_bytes = (size_t)1 << (ADDRESS_BITS - GRANULE_SHIFT - 3);
    void *map = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    words = map == MAP_FAILED ? NULL : map;
    return words != NULL;
}

static void flip_word(size_t word, uint64_t mask, bool add, const void *start, size_t n_bytes)
{
    uint64_t old = add ? __atomic_fetch_or(&words[word], mask, __ATOMIC_RELAXED)
                       : __atomic_fetch_and(&words[word], ~mask, __ATOMIC_RELAXED);
    if (add && (old & mask))
        stress_fail("the block of %zu usable bytes at %p overlaps a live one", n_bytes, start);
    if (!add && (old & mask) != mask)
        stress_fail("the block of %zu usable bytes at %p was not live", n_bytes, start);
}

static void flip(const void *start, size_t n_bytes, bool add)
{
    size_t bit = FOLDED((uintptr_t)start) >> GRANULE_SHIFT;
    size_t end = (FOLDED((uintptr_t)start) + n_bytes + 15) >> GRANULE_SHIFT;
    if (!words)
        return;
    if (end >> (ADDRESS_BITS - GRANULE_SHIFT))
        stress_fail("the block at %p is above the user's half of the address space", start);
    while (bit < end) {
        size_t shift = bit % WORD_BITS;
        size_t count = WORD_BITS - shift < end - bit ? WORD_BITS - shift : end - bit;
        uint64_t mask = count == WORD_BITS ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
        flip_word(bit / WORD_BITS, mask << shift, add, start, n_bytes);
        bit += count;
    }
}

void shadow_add(const void *start, size_t n_bytes)
{
    flip(start, n_bytes, true);
}

void shadow_remove(const void *start, size_t n_bytes)
{
    flip(start, n_bytes, false);
}
