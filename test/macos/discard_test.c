// SPDX-License-Identifier: MIT
// The macOS library and the kernel's map: memory goes back without cutting entries where the kernel
// takes it, and by fresh mappings where it would only say so. The stand-in lets nobody touch pages
// that were taken and not asked for again. Usage: discard_test DYLIB
#include "check.h"
#include "image.h"
#include "libsystem.h"
#include "libsystem_map.h"
#include "prng.h"

#include <sys/wait.h>
#include <unistd.h>

enum { OBJECTS = 60000 };

static struct image image;
static void *(*mac_malloc)(size_t);
static void *(*mac_calloc)(size_t, size_t);
static void (*mac_free)(void *);
static size_t (*mac_purge)(void);

static struct prng rng = {40};
static struct {
    unsigned char *at;
    uint32_t n_bytes;
} objects[OBJECTS];

static void fill(int i)
{
    if (objects[i].at)
        return;
    objects[i].n_bytes = (uint32_t)prng_range(&rng, 16, prng_below(&rng, 20) ? 900 : 20000);
    objects[i].at = mac_malloc(objects[i].n_bytes);
    REQUIRE(objects[i].at != NULL);
    memset(objects[i].at, i & 255, objects[i].n_bytes);
}

static void drop(int i)
{
    uint32_t n_bytes = objects[i].at ? objects[i].n_bytes : 0;
    for (uint32_t at = 0; at < n_bytes; at++)
        CHECK_FMT(objects[i].at[at] == (i & 255), "object %d, byte %u", i, at);
    mac_free(objects[i].at);
    objects[i].at = NULL;
}

static void fill_all(void)
{
    for (int i = 0; i < OBJECTS; i++)
        fill(i);
}

static void drop_all(void)
{
    for (int i = 0; i < OBJECTS; i++)
        drop(i);
}

// Nine tenths: in runs, so that chunks come free, and one by one, so that pages in spans do.
static void drop_most(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        if (i < OBJECTS / 3 || prng_below(&rng, 10))
            drop(i);
    }
}

// What a purge changed.
static struct libsystem_map_facts purge(void)
{
    struct libsystem_map_facts before = libsystem_map_facts();
    CHECK(mac_purge() > 1 << 20);
    struct libsystem_map_facts after = libsystem_map_facts();
    return (struct libsystem_map_facts){
        .entries = after.entries - before.entries,
        .discarded_bytes = after.discarded_bytes - before.discarded_bytes,
        .taken = after.taken - before.taken,
        .vain = after.vain - before.vain,
    };
}

static void a_purge_keeps_the_map_whole(void)
{
    fill_all();
    drop_most();
    struct libsystem_map_facts change = purge();
    CHECK(change.taken > 50);
    CHECK(change.discarded_bytes > 4 << 20);
    CHECK_EQ(change.vain, 0);
    CHECK_FMT((long)change.entries < 20, "%ld entries more", (long)change.entries);
}

static void what_was_taken_is_used_again(void)
{
    struct libsystem_map_facts before = libsystem_map_facts();
    fill_all();
    struct libsystem_map_facts after = libsystem_map_facts();
    CHECK(after.reused > before.reused + 50);
    CHECK(after.discarded_bytes < before.discarded_bytes / 4);
    drop_most();
    fill_all();
}

// Spans end while they have holes: their chunks are dirty, and free to any class.
static void spans_with_holes_are_used_again(void)
{
    drop_most();
    purge();
    drop_all();
    fill_all();
}

// Whatever was there: small objects, runs of chunks, slots.
static void calloc_is_zero(void)
{
    static const size_t sizes[] = {48, 1000, 9000, 32768, 40000, 200000, 1500000};
    drop_most();
    purge();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        void *all[20];
        for (int n = 0; n < 20; n++) {
            all[n] = mac_calloc(1, sizes[i]);
            CHECK_FMT(pattern_nonzero(all[n], sizes[i]) == sizes[i], "%zu bytes", sizes[i]);
            memset(all[n], 'c', sizes[i]);
        }
        for (int n = 0; n < 20; n++)
            mac_free(all[n]);
    }
    fill_all();
}

static void child_goes_on(int leave)
{
    char word;
    drop_most();
    CHECK_EQ(purge().taken, 0);
    fill_all();
    CHECK_EQ(read(leave, &word, 1), 0);
    _exit(check_failures != 0);
}

// Pages that another process may still want are not the kernel's to take: it would say that it
// did. They are mapped afresh.
static void what_a_child_shares_is_mapped_afresh(void)
{
    int pipe_ends[2], status = 1;
    REQUIRE(pipe(pipe_ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipe_ends[1]);
        child_goes_on(pipe_ends[0]);
    }
    close(pipe_ends[0]);
    drop_most();
    struct libsystem_map_facts change = purge();
    CHECK_EQ(change.taken, 0);
    CHECK_EQ(change.vain, 0);
    CHECK((long)change.entries > 50);
    fill_all();
    close(pipe_ends[1]);
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

// Entries that were cut meanwhile have one object, and stay as they are; what was mapped afresh is
// taken.
static void later_only_cut_entries_are_mapped_afresh(void)
{
    libsystem_map_alone();
    drop_most();
    struct libsystem_map_facts change = purge();
    CHECK(change.taken > 0);
    CHECK_EQ(change.vain, 0);
    fill_all();
}

// A chunk with pieces that are not taken is mapped afresh as a whole: what the fork cut heals.
static void cut_entries_merge_when_all_is_free(void)
{
    size_t before = libsystem_map_facts().entries;
    drop_all();
    CHECK_EQ(purge().vain, 0);
    CHECK_FMT(libsystem_map_facts().entries < before / 2, "%zu entries of %zu",
              libsystem_map_facts().entries, before);
    fill_all();
}

// As under Rosetta, where the kernel would only say that it took them.
static void with_larger_pages_in_the_kernel_it_is_not_asked(void)
{
    size_t was = libsystem_kernel_page;
    libsystem_kernel_page = 65536;
    drop_most();
    struct libsystem_map_facts change = purge();
    CHECK(change.taken == 0 && change.vain == 0);
    fill_all();
    libsystem_kernel_page = was;
}

int main(int count, char **arguments)
{
    check_begin();
    REQUIRE(count == 2);
    image_load(&image, arguments[1], libsystem_resolve);
    *(void **)&mac_malloc = image_replacement(&image, libsystem_resolve("malloc"));
    *(void **)&mac_calloc = image_replacement(&image, libsystem_resolve("calloc"));
    *(void **)&mac_free = image_replacement(&image, libsystem_resolve("free"));
    *(void **)&mac_purge = image_symbol(&image, "bump_purge");
    a_purge_keeps_the_map_whole();
    what_was_taken_is_used_again();
    spans_with_holes_are_used_again();
    calloc_is_zero();
    what_a_child_shares_is_mapped_afresh();
    later_only_cut_entries_are_mapped_afresh();
    cut_entries_merge_when_all_is_free();
    with_larger_pages_in_the_kernel_it_is_not_asked();
    return check_end();
}
