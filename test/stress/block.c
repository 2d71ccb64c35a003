// SPDX-License-Identifier: MIT
#include "block.h"

#include "check.h"
#include "prng.h"

enum { FULL_MAX = 4096, END_BYTES = 256, STRIDE = 4096 };

// Size and seed, at the front of every block that has room for them.
struct header {
    uint64_t size;
    uint64_t seed;
};

typedef void word_visitor(unsigned char *at, uint64_t word, size_t n_bytes, const struct block *b);

uint64_t stress_seed;

void stress_fail(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check_print("stress: %s (seed %llu)", text, (unsigned long long)stress_seed);
    _exit(CHECK_FAIL);
}

static uint64_t pattern_word(uint64_t seed, size_t index)
{
    uint64_t x = (seed ^ index) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static void write_word(unsigned char *at, uint64_t word, size_t n_bytes, const struct block *b)
{
    (void)b;
    memcpy(at, &word, n_bytes);
}

static void compare_word(unsigned char *at, uint64_t word, size_t n_bytes, const struct block *b)
{
    uint64_t found = 0;
    uint64_t mask = n_bytes == 8 ? ~(uint64_t)0 : ((uint64_t)1 << 8 * n_bytes) - 1;
    memcpy(&found, at, n_bytes);
    if (found != (word & mask))
        stress_fail("at %p, in the block of %zu bytes at %p: expected %016llx, found %016llx",
                    (void *)at, b->size, (void *)b->start, (unsigned long long)(word & mask),
                    (unsigned long long)found);
}

// The words in [from, to); from is a multiple of 8, and only words wholly below limit count,
// except for the block's own odd bytes at its end.
static void visit_range(const struct block *b, unsigned char *start, size_t from, size_t to,
                        size_t limit, word_visitor *visit)
{
    for (size_t at = from; at < to && at < limit; at += 8) {
        size_t end = b->size < limit ? b->size : limit;
        size_t n_bytes = end - at < 8 ? end - at : 8;
        visit(start + at, pattern_word(b->seed, at), n_bytes, b);
    }
}

static void visit_samples(const struct block *b, unsigned char *start, size_t limit,
                          word_visitor *visit)
{
    size_t tail = (b->size - END_BYTES) & ~(size_t)7;
    visit_range(b, start, 0, END_BYTES, limit, visit);
    for (size_t page = END_BYTES; page + STRIDE < tail; page += STRIDE) {
        size_t at = page + (pattern_word(b->seed, page) % (STRIDE / 8)) * 8;
        visit_range(b, start, at, at + 8, limit, visit);
    }
    visit_range(b, start, tail, b->size, limit, visit);
}

static void visit_words(const struct block *b, unsigned char *start, size_t limit,
                        word_visitor *visit)
{
    if (b->size <= FULL_MAX)
        visit_range(b, start, 0, b->size, limit, visit);
    else
        visit_samples(b, start, limit, visit);
}

void block_fill(const struct block *b)
{
    struct header h = {b->size, b->seed};
    visit_words(b, b->start, b->size, write_word);
    if (b->size >= sizeof h)
        memcpy(b->start, &h, sizeof h);
}

// Then puts the pattern's own bytes there, so that the rest can be compared from the start.
static void verify_header(const struct block *b, unsigned char *start, size_t n_bytes)
{
    struct header expected = {b->size, b->seed};
    struct header pattern = {pattern_word(b->seed, 0), pattern_word(b->seed, 8)};
    struct header found = expected;
    memcpy(&found, start, n_bytes);
    if (memcmp(&found, &expected, sizeof found) != 0)
        stress_fail("header of the block of %zu bytes at %p: expected %zu %016llx, "
                    "found %llu %016llx",
                    b->size, (void *)start, b->size, (unsigned long long)b->seed,
                    (unsigned long long)found.size, (unsigned long long)found.seed);
    memcpy(start, &pattern, n_bytes);
}

void block_verify(const struct block *b, unsigned char *start, size_t n_bytes)
{
    size_t header_bytes = sizeof(struct header);
    if (b->size >= header_bytes)
        verify_header(b, start, n_bytes < header_bytes ? n_bytes : header_bytes);
    visit_words(b, start, n_bytes, compare_word);
}

void block_verify_zero(const struct block *b)
{
    size_t at = pattern_nonzero(b->start, b->size);
    if (at < b->size)
        stress_fail("calloc of %zu bytes at %p: byte %zu is %02x", b->size, (void *)b->start, at,
                    b->start[at]);
}
