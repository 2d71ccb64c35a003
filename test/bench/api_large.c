// SPDX-License-Identifier: MIT
// What the API for large objects costs, beside what it must be measured by, in one run:
//   hit     a bump_large_alloc and free pair of each class with thread caches, in small malloc and
//           free pairs (64 bytes)
//   stable  growing a stable object to 256 MiB and touching every page, in the time of touching as
//           much of a plain mapping; steps of 64 KiB, of a tenth, and all at once
// Rounds take turns and the median counts. With --check exits 1 if a hit costs more than 2.0 pairs,
// or growth in steps of a tenth more than 1.05. A first round that is not counted warms up.
#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ROUNDS = 11, PAIRS = 2000000, PAGE = 4096, CLASSES = 6 };
#define KIB       ((size_t)1 << 10)
#define MIB       ((size_t)1 << 20)
#define GROWN     (256 * MIB)
#define HIT_MAX   2.0
#define TOUCH_MAX 1.05

// Processor time: what others do on the machine does not count.
static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void fail(const char *what)
{
    fprintf(stderr, "api_large: %s failed\n", what);
    exit(2);
}

// --- hit ---

static double small_pairs(void)
{
    double start = cpu_ns();
    for (int i = 0; i < PAIRS; i++) {
        volatile char *object = malloc(64);
        *object = 1;
        free((void *)object);
    }
    return (cpu_ns() - start) / PAIRS;
}

static double large_pairs(size_t n_bytes)
{
    double start = cpu_ns();
    for (int i = 0; i < PAIRS; i++) {
        void *object;
        if (bump_large_alloc(n_bytes, 0, &object))
            fail("bump_large_alloc");
        *(volatile char *)object = 1;
        bump_large_free(object);
    }
    return (cpu_ns() - start) / PAIRS;
}

static bool hits(void)
{
    double small[ROUNDS], large[CLASSES][ROUNDS];
    bool good = true;
    for (int round = -1; round < ROUNDS; round++) {
        int at = round < 0 ? 0 : round;
        small[at] = small_pairs();
        for (int i = 0; i < CLASSES; i++)
            large[i][at] = large_pairs(64 * KIB << i);
    }
    double pair = median(small);
    printf("small malloc + free                 %6.2f ns\n", pair);
    for (int i = 0; i < CLASSES; i++) {
        double hit = median(large[i]);
        good &= hit <= HIT_MAX * pair;
        printf("bump_large hit, %4zu KiB             %6.2f ns  %5.2f\n", (size_t)64 << i, hit,
               hit / pair);
    }
    return good;
}

// --- stable ---

static void touch(char *from, const char *until)
{
    for (char *at = from; at < until; at += PAGE)
        *(volatile char *)at = 1;
}

static double plain(void)
{
    double start = cpu_ns();
    char *mapping = mmap(NULL, GROWN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        fail("mmap");
    touch(mapping, mapping + GROWN);
    double spent = cpu_ns() - start;
    munmap(mapping, GROWN);
    return spent;
}

static size_t by_64k(size_t n_bytes)
{
    return n_bytes + 64 * KIB;
}

static size_t by_a_tenth(size_t n_bytes)
{
    return n_bytes + n_bytes / 10 + PAGE;
}

static size_t at_once(size_t n_bytes)
{
    (void)n_bytes;
    return GROWN;
}

static double stable(size_t (*step)(size_t))
{
    double start = cpu_ns();
    size_t n = PAGE;
    char *object = bump_stable_alloc(n, GROWN);
    if (!object)
        fail("bump_stable_alloc");
    *object = 1;
    while (n < GROWN) {
        size_t more = step(n) < GROWN ? step(n) : GROWN;
        if (bump_stable_resize(object, more))
            fail("bump_stable_resize");
        touch(object + (n + PAGE - 1) / PAGE * PAGE, object + more);
        n = more;
    }
    double spent = cpu_ns() - start;
    bump_stable_free(object);
    bump_large_purge(SIZE_MAX);
    return spent;
}

static bool growth(void)
{
    static const struct {
        const char *text;
        size_t (*step)(size_t);
    } ways[] = {{"by 64 KiB", by_64k}, {"by a tenth", by_a_tenth}, {"at once", at_once}};
    double reference[ROUNDS], spent[3][ROUNDS], tenth = 0;
    for (int round = -1; round < ROUNDS; round++) {
        int at = round < 0 ? 0 : round;
        reference[at] = plain();
        for (int i = 0; i < 3; i++)
            spent[i][at] = stable(ways[i].step);
    }
    double unit = median(reference);
    printf("touching 256 MiB of a plain mapping %6.1f ms\n", unit / 1e6);
    for (int i = 0; i < 3; i++) {
        double ratio = median(spent[i]) / unit;
        tenth = i == 1 ? ratio : tenth;
        printf("stable object, %-12s         %6.1f ms  %5.2f\n", ways[i].text, ratio * unit / 1e6,
               ratio);
    }
    return tenth <= TOUCH_MAX;
}

int main(int argc, char **argv)
{
    bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
    bool good = hits();
    good &= growth();
    return check && !good;
}
