// SPDX-License-Identifier: MIT
// Growth by realloc. Mode 0: many vectors that grow by 1.5 and many strings that are appended to,
// as in an interpreter. Mode 1: one vector from 1 KiB to --mib MiB by 1.5. (The factor and the
// wish that realloc would grow in place are those of folly's notes on FBVector.)
#include "timed.h"

#include <string.h>

enum { VECTORS = 500, STRINGS = 4000, VECTOR_START = 64, VECTOR_END = 200000, STRING_END = 600 };

static long mode, turns = 350000, mib = 1024;

struct bytes {
    unsigned char *at;
    size_t n_bytes;
};

static void grow(struct bytes *bytes, size_t n_bytes, uint64_t value)
{
    bytes->at = realloc(bytes->at, n_bytes);
    if (!bytes->at)
        abort();
    memset(bytes->at + bytes->n_bytes, (int)(value % 255) + 1, n_bytes - bytes->n_bytes);
    bytes->n_bytes = n_bytes;
}

static uint64_t drop(struct bytes *bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes->n_bytes; i += 61)
        sum += bytes->at[i] * (uint64_t)(i + 1);
    free(bytes->at);
    *bytes = (struct bytes){0};
    return sum;
}

static uint64_t vector_step(struct bytes *vector, struct prng *r)
{
    size_t n_bytes = vector->n_bytes ? vector->n_bytes + vector->n_bytes / 2 : VECTOR_START;
    if (n_bytes > VECTOR_END)
        return drop(vector);
    grow(vector, n_bytes, prng_next(r));
    return 0;
}

static uint64_t string_append(struct bytes *string, struct prng *r)
{
    if (string->n_bytes > STRING_END)
        return drop(string);
    grow(string, string->n_bytes + 1 + timed_below(r, 30), prng_next(r));
    return 0;
}

// A vector grows once, and thirty strings, in turns.
static uint64_t many(void)
{
    struct bytes *vectors = bench_table((VECTORS + STRINGS) * sizeof vectors[0]);
    struct bytes *strings = vectors + VECTORS;
    struct prng r = {bench_seed};
    uint64_t sum = 0;
    for (long n = bench_scaled(turns); n > 0; n--) {
        sum += vector_step(&vectors[timed_below(&r, VECTORS)], &r);
        for (int i = 0; i < 30; i++)
            sum += string_append(&strings[timed_below(&r, STRINGS)], &r);
    }
    for (size_t i = 0; i < VECTORS + STRINGS; i++)
        sum += drop(&vectors[i]);
    return sum;
}

// Every page of the new part is written once, as its owner would.
static uint64_t one(void)
{
    enum { START = 1024, STEP = 4096 };
    size_t end = (size_t)(bench_quick ? mib / 4 : mib) << 20, written = 0;
    struct prng r = {bench_seed};
    unsigned char *vector = NULL;
    uint64_t sum = 0;
    for (size_t n_bytes = START;; n_bytes += n_bytes / 2) {
        n_bytes = n_bytes < end ? n_bytes : end;
        vector = realloc(vector, n_bytes);
        if (!vector)
            abort();
        for (; written < n_bytes; written += STEP)
            vector[written] = (unsigned char)prng_next(&r);
        if (n_bytes == end)
            break;
    }
    for (size_t i = 0; i < written; i += STEP)
        sum += vector[i] * (uint64_t)(i + 1);
    free(vector);
    return sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {
        {"--mode", &mode, "0: many vectors and strings, 1: one vector"},
        {"--turns", &turns, "of mode 0: a vector's growth and 30 appends"},
        {"--mib", &mib, "of mode 1: its last size, a fourth of it with --quick"},
        {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Vectors and strings that grow by realloc.", options);
    return bench_end(mode ? one() : many());
}
