// SPDX-License-Identifier: MIT
// BUMPALLOC_STABLE_REALLOC=100K:64: what realloc makes as large stays as far as its slot reaches.
// Run with 0 as the argument without the option, which proves the test.
#include "bumpalloc/stable.h"
#include "prng.h"
#include "process.h"

#include <stdlib.h>

static void *(*volatile resize)(void *, size_t) = realloc;

// How often an array moves that grows by a tenth to n_bytes.
static unsigned moves_to(size_t n_bytes)
{
    size_t n = 1000;
    unsigned moves = 0;
    char *array = malloc(n);
    pattern_fill(array, n, 5);
    while (n < n_bytes) {
        size_t more = n + n / 10;
        char *grown = resize(array, more);
        REQUIRE(grown != NULL);
        moves += n > 200 * KIB && grown != array;
        CHECK_EQ(pattern_mismatch(grown, n, 5), n);
        pattern_fill(grown, more, 5);
        array = grown;
        n = more;
    }
    free(array);
    return moves;
}

int main(int argc, char **argv)
{
    bool expected = argc < 2 || atoi(argv[1]);
    check_begin();
    unsigned moves = moves_to(5 * MIB);
    CHECK_FMT(expected ? moves == 0 : moves > 2, "%u moves", moves);
    char *array = resize(malloc(1000), 150 * KIB);
    CHECK_EQ(bump_stable_max(array) != 0, expected);
    char *grown = resize(array, 20 * MIB); // beyond 64 times the first size: it may move
    REQUIRE(grown != NULL);
    free(grown);
    CHECK_EQ(bump_stable_max(array = resize(NULL, 150 * KIB)), 0); // malloc is as it was
    free(array);
    CHECK_NULL(resize(array = malloc(200 * KIB), (size_t)PTRDIFF_MAX));
    free(array);
    return check_end();
}
