// SPDX-License-Identifier: MIT
// Growth by realloc from 1 KiB to 1 GiB in steps of 1.5: above 1 MiB pages are moved, and nothing
// is copied: the same frames of physical memory hold the object before and after (where the system
// lets us see them), and no page is faulted in by realloc. And a calloc on clean memory touches
// nothing.
#include "maps.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

enum {
    PAGE = 4096,
    STRIDE = 256 << 10, // a page in so many is written and looked at
    FRAMES = (1 << 30) / STRIDE,
    FAULTS_MAX = 64, // of one realloc: metadata and page tables; a copy of 1 MiB takes 256
};

static uint64_t frames[FRAMES];
static int pagemap;

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

// The number of the frame that a page is in; 0 if the system does not say.
static uint64_t frame_of(const void *address)
{
    uint64_t entry = 0;
    off_t at = (off_t)((uintptr_t)address / PAGE * sizeof entry);
    if (pagemap < 0 || pread(pagemap, &entry, sizeof entry, at) != (ssize_t)sizeof entry)
        return 0;
    return entry & ((1ull << 55) - 1);
}

static void frames_note(const unsigned char *vector, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += STRIDE)
        frames[at / STRIDE] = frame_of(vector + at);
}

static size_t frames_that_changed(const unsigned char *vector, size_t n_bytes)
{
    size_t changed = 0;
    for (size_t at = 0; at < n_bytes; at += STRIDE)
        changed += frame_of(vector + at) != frames[at / STRIDE];
    return changed;
}

// Writes what is new, one page in STRIDE.
static void part_write(unsigned char *vector, size_t from, size_t until)
{
    for (size_t at = (from + STRIDE - 1) / STRIDE * STRIDE; at < until; at += STRIDE)
        vector[at] = (unsigned char)(at / STRIDE * 7 + 1);
}

static void part_check(const unsigned char *vector, size_t until)
{
    size_t wrong = 0;
    for (size_t at = 0; at < until; at += STRIDE)
        wrong += vector[at] != (unsigned char)(at / STRIDE * 7 + 1);
    CHECK_FMT(wrong == 0, "%zu of the pages of %zu bytes", wrong, until);
}

struct step {
    size_t from, to;
    long faults;
    size_t moved_elsewhere; // frames
};

// The old object's last page, which it does not fill, may be copied: it is not one of those that
// are looked at.
static struct step grow(unsigned char **vector, size_t from, size_t to)
{
    struct step step = {from, to, 0, 0};
    frames_note(*vector, from);
    long before = faults();
    unsigned char *grown = realloc(*vector, to);
    step.faults = faults() - before;
    REQUIRE(grown != NULL);
    step.moved_elsewhere = frames_that_changed(grown, from / PAGE * PAGE);
    part_check(grown, from);
    part_write(grown, from, to);
    *vector = grown;
    return step;
}

static void growth_copies_nothing(void)
{
    unsigned char *vector = malloc(KIB);
    bool seen;
    REQUIRE(vector != NULL);
    vector[0] = 1;
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    seen = frame_of(vector) != 0;
    for (size_t n_bytes = KIB, next; n_bytes < GIB; n_bytes = next) {
        next = n_bytes + n_bytes / 2 < GIB ? n_bytes + n_bytes / 2 : GIB;
        struct step step = grow(&vector, n_bytes, next);
        if (n_bytes < MIB || !check_library())
            continue;
        CHECK_FMT(step.faults <= FAULTS_MAX, "%ld faults: %zu to %zu bytes", step.faults, step.from,
                  step.to);
        CHECK_FMT(!seen || step.moved_elsewhere == 0, "%zu frames: %zu to %zu bytes",
                  step.moved_elsewhere, step.from, step.to);
    }
    part_check(vector, GIB);
    free(vector);
    close(pagemap);
    if (!seen)
        check_print("(the system does not show frames: faults alone were counted)");
}

static size_t resident_pages(const void *start, size_t n_bytes)
{
    static unsigned char map[(128 << 20) / PAGE];
    size_t count = 0, pages = n_bytes / PAGE;
    void *first = (void *)(((uintptr_t)start + PAGE - 1) & ~((uintptr_t)PAGE - 1));
    REQUIRE(pages <= sizeof map && mincore(first, pages * PAGE, map) == 0);
    for (size_t i = 0; i < pages; i++)
        count += map[i] & 1;
    return count;
}

// Twice: what was freed and purged in between is clean, too.
static void calloc_of_clean_memory_touches_nothing(void)
{
    enum { SIZE = 64 << 20 };
    for (int turn = 0; turn < 2; turn++) {
        long before = faults();
        unsigned char *zeroed = calloc(SIZE / 64, 64);
        long taken = faults() - before;
        REQUIRE(zeroed != NULL);
        CHECK_FMT(taken <= FAULTS_MAX, "%ld faults", taken);
        // The system's malloc has a header there.
        CHECK_EQ(resident_pages(zeroed + PAGE, SIZE - 2 * PAGE), 0);
        for (size_t at = 0; at < SIZE; at += PAGE)
            zeroed[at + at / PAGE % PAGE] = 1;
        free(zeroed);
        int (*trim)(size_t) = NULL;
        *(void **)&trim = dlsym(RTLD_DEFAULT, "malloc_trim");
        if (trim)
            trim(0);
    }
}

// Dirty memory is cleared, and zero.
static void calloc_of_dirty_memory_is_zero(void)
{
    enum { SIZE = 4 << 20 };
    for (int turn = 0; turn < 8; turn++) {
        unsigned char *zeroed = calloc(1, SIZE);
        REQUIRE(zeroed != NULL);
        for (size_t at = 0; at < SIZE; at += PAGE / 2)
            CHECK_EQ(zeroed[at], 0);
        memset(zeroed, 'x', SIZE);
        free(zeroed);
    }
}

CHECK_MAIN(growth_copies_nothing, calloc_of_clean_memory_touches_nothing,
           calloc_of_dirty_memory_is_zero)
