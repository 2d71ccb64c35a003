// SPDX-License-Identifier: MIT
// The public API beside the least that its work could cost: an arena beside an inlined pointer
// bump, growing a region or an arena beside touching plain memory from mmap. Pairs take turns, in
// processor time; of their ratios the median counts, so that a loaded machine hits both alike.
//   api_bench [ROUNDS]
#include <bumpalloc/bumpalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { OBJECTS = 1 << 16, PASSES = 32, MAX_ROUNDS = 1001, PAGE = 4096, STEP = 16 * PAGE };
#define GROWN_BYTES ((size_t)256 << 20)
#define ARENA_BYTES ((size_t)32 << 20)

struct plain {
    char *cursor, *end;
};

static unsigned char object_bytes[OBJECTS];
static struct plain plain;
static struct bump_arena arena;
static char *plain_memory;

static void fail(const char *what)
{
    fprintf(stderr, "api_bench: %s failed\n", what);
    exit(1);
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void *plain_alloc(struct plain *from, size_t n_bytes, size_t align)
{
    uintptr_t start = ((uintptr_t)from->cursor + (align - 1)) & ~(uintptr_t)(align - 1);
    if (n_bytes > (uintptr_t)from->end - start)
        return NULL;
    from->cursor = (char *)start + n_bytes;
    return (void *)start;
}

// The object is used, and the allocator's state is in memory from one request to the next.
#define USE(object) __asm__ volatile("" ::"r"(object) : "memory")

static void bump_plain(void)
{
    for (int pass = 0; pass < PASSES; pass++) {
        plain.cursor = plain_memory;
        for (int i = 0; i < OBJECTS; i++) {
            void *object = plain_alloc(&plain, object_bytes[i], 16);
            if (!object)
                fail("plain bump");
            USE(object);
        }
    }
}

static void bump_ours(void)
{
    for (int pass = 0; pass < PASSES; pass++) {
        bump_arena_reset_keep(&arena);
        for (int i = 0; i < OBJECTS; i++) {
            void *object = bump_arena_alloc(&arena, object_bytes[i], 16);
            if (!object)
                fail("bump_arena_alloc");
            USE(object);
        }
    }
}

static void touch(char *from, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i += PAGE)
        *(volatile char *)(from + i) = 1;
}

static void grow_plain(void)
{
    char *memory = mmap(NULL, GROWN_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    for (size_t at = 0; at < GROWN_BYTES; at += STEP)
        touch(memory + at, STEP);
    munmap(memory, GROWN_BYTES);
}

static void grow_region(void)
{
    struct bump_region region = {0};
    if (bump_region_create(&region, (size_t)1 << 40, BUMP_PROT_READ_WRITE, 0))
        fail("bump_region_create");
    char *base = bump_region_base(&region);
    for (size_t at = 0; at < GROWN_BYTES; at += STEP) {
        if (bump_region_resize(&region, at + STEP))
            fail("bump_region_resize");
        touch(base + at, STEP);
    }
    bump_region_destroy(&region);
}

static void grow_arena(void)
{
    struct bump_arena grown = {0};
    if (bump_arena_create(&grown, (size_t)1 << 40, 0))
        fail("bump_arena_create");
    for (size_t at = 0; at < GROWN_BYTES; at += STEP) {
        char *object = bump_arena_alloc(&grown, STEP, 16);
        if (!object)
            fail("bump_arena_alloc");
        touch(object, STEP);
    }
    bump_arena_destroy(&grown);
}

static double timed(void (*fn)(void))
{
    double start = cpu_ns();
    fn();
    return cpu_ns() - start;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double part(double *values, int count, double share)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[(int)(share * (count - 1))];
}

static void compare(const char *name, void (*ours)(void), void (*least)(void), double units,
                    int rounds)
{
    static double ratio[MAX_ROUNDS], mine[MAX_ROUNDS], theirs[MAX_ROUNDS];
    ours();
    least();
    for (int i = 0; i < rounds; i++) {
        double first = timed(i % 2 ? ours : least), second = timed(i % 2 ? least : ours);
        mine[i] = (i % 2 ? first : second) / units;
        theirs[i] = (i % 2 ? second : first) / units;
        ratio[i] = mine[i] / theirs[i];
    }
    printf("%-32s %9.2f ns, least %9.2f ns, ratio %.3f (%.3f to %.3f)\n", name,
           part(mine, rounds, 0.5), part(theirs, rounds, 0.5), part(ratio, rounds, 0.5),
           part(ratio, rounds, 0.25), part(ratio, rounds, 0.75));
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 31;
    if (rounds < 1 || rounds > MAX_ROUNDS)
        fail("ROUNDS");
    for (int i = 0; i < OBJECTS; i++)
        object_bytes[i] = (unsigned char)(1 + (unsigned)i * 2654435761u % 200);
    plain_memory = malloc(ARENA_BYTES);
    if (!plain_memory || bump_arena_create(&arena, ARENA_BYTES, 0) ||
        bump_arena_prepare(&arena, ARENA_BYTES))
        fail("set-up");
    plain.end = plain_memory + ARENA_BYTES;
    compare("bump_arena_alloc : pointer bump", bump_ours, bump_plain, (double)OBJECTS * PASSES,
            rounds);
    compare("region growth : mmap, a page", grow_region, grow_plain, GROWN_BYTES / PAGE, rounds);
    compare("arena growth : mmap, a page", grow_arena, grow_plain, GROWN_BYTES / PAGE, rounds);
    bump_arena_destroy(&arena);
    free(plain_memory);
    return 0;
}
