// SPDX-License-Identifier: MIT
// One container, three allocators: the same vector lives in malloc, in an arena and in a region of
// its own, where it never moves.
#include "vector.h"

#include <bumpalloc/bumpalloc.h>
#include <stdio.h>
#include <stdlib.h>

static int count_primes(struct bump_allocator allocator, const char *name)
{
    struct vector primes = vector_of(sizeof(int), allocator);
    unsigned moves = 0;
    for (int n = 2; n < 20000; n++) {
        bool is_prime = true;
        for (size_t i = 0; i < primes.count && is_prime; i++) {
            int p = *(int *)vector_at(&primes, i);
            is_prime = n % p != 0;
            if (p * p > n)
                break;
        }
        char *before = primes.items;
        if (is_prime && !vector_push(&primes, &n))
            return -1;
        moves += before && before != primes.items;
    }
    int count = (int)primes.count;
    printf("%s: %d primes, moved %u times\n", name, count, moves);
    vector_free(&primes);
    return allocator.context && name[0] == 'r' && moves ? -1 : count;
}

int main(void)
{
    struct bump_arena arena = {0};
    struct bump_region region = {0};
    if (bump_region_create(&region, (size_t)1 << 40, BUMP_PROT_READ_WRITE, 0))
        return 1;
    int in_malloc = count_primes(bump_malloc_allocator(), "malloc");
    int in_arena = count_primes(bump_arena_allocator(&arena), "arena");
    int in_region = count_primes(bump_region_allocator(&region), "region");
    bump_arena_destroy(&arena);
    bump_region_destroy(&region);
    return in_malloc == 2262 && in_arena == 2262 && in_region == 2262 ? 0 : 1;
}
