// SPDX-License-Identifier: MIT
// What the library leaves in the process's map: few mappings however hard it works (the system
// allows 65,530), the reservation under its name, and nothing of it in core dumps that is not in
// use.
#include "maps.h"
#include "prng.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { MAPPINGS_MAX = 300, THREADS = 4, SLOTS = 600, STEPS = 200000 };

#define RESERVATION_KIB (1l << 20) // no smaller mapping counts as one
#define MAX_BYTES       ((size_t)32 << 20)

struct slot {
    char *start;
    size_t size;
};

static struct slot slots[THREADS][SLOTS];
static int most_lines;
static bool in_reservation;
static int reservations, undumped, named;

static int count_mappings(void)
{
    int count = maps_mappings();
    most_lines = count > most_lines ? count : most_lines;
    return count;
}

static void slot_write(struct slot *s)
{
    REQUIRE(s->start != NULL);
    for (size_t at = 0; at < s->size; at += 65536)
        s->start[at] = 1;
    s->start[s->size - 1] = 1;
}

static void slot_change(struct slot *s, struct prng *rng)
{
    size_t size = prng_size(rng, prng_below(rng, 64) ? (size_t)1 << 20 : MAX_BYTES) + 1;
    if (prng_below(rng, 4)) {
        free(s->start);
        s->start = malloc(size);
    } else {
        s->start = realloc(s->start, size);
    }
    s->size = size;
    slot_write(s);
}

static void *work(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    struct prng rng = {thread};
    for (int i = 0; i < STEPS; i++)
        slot_change(&slots[thread][prng_below(&rng, SLOTS)], &rng);
    return NULL;
}

static void free_all(unsigned every)
{
    for (int thread = 0; thread < THREADS; thread++) {
        for (unsigned i = 0; i < SLOTS; i += every) {
            free(slots[thread][i].start);
            slots[thread][i].start = NULL;
        }
    }
}

static void work_together(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < 20; i++) {
        usleep(20000);
        count_mappings();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    count_mappings();
}

// One that grows by small steps to a size where pages are moved, not bytes.
static void grow_vectors(void)
{
    for (int turn = 0; turn < 6; turn++) {
        char *vector = NULL;
        for (size_t size = 1000; size < 4 * MAX_BYTES; size += size / 4) {
            vector = realloc(vector, size);
            REQUIRE(vector != NULL);
            vector[size - 1] = 1;
        }
        count_mappings();
        free(vector);
    }
}

static void heavy_work_leaves_few_mappings(void)
{
    for (int turn = 0; turn < 3; turn++) {
        work_together();
        free_all(turn + 2);
        count_mappings();
        grow_vectors();
    }
    free_all(1);
    count_mappings();
    CHECK_FMT(most_lines < MAPPINGS_MAX, "%d at most", most_lines);
}

// Lines of smaps: "start-end perms ...", then "Name: value".
static void smaps_visit(char *line)
{
    char *end, perms[8] = "";
    unsigned long from = strtoul(line, &end, 16);
    if (end > line && *end == '-') {
        unsigned long to = strtoul(end + 1, &end, 16);
        REQUIRE(sscanf(end, " %7s", perms) == 1);
        in_reservation =
            (to - from) >> 10 >= (unsigned long)RESERVATION_KIB && strcmp(perms, "---p") == 0;
        reservations += in_reservation;
        named += in_reservation && strstr(line, "[anon:bumpalloc");
    } else if (in_reservation && strncmp(line, "VmFlags:", 8) == 0) {
        undumped += strstr(line, " dd") != NULL;
    }
}

static void read_reservations(void)
{
    reservations = undumped = named = 0;
    maps_lines("/proc/self/smaps", smaps_visit);
    CHECK(reservations >= 1);
}

static void untouched_memory_is_not_dumped(void)
{
    read_reservations();
    CHECK_EQ(undumped, reservations);
}

// Whether the kernel gives names at all is seen on a mapping of our own.
static bool kernel_gives_names(void)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    int code = prctl(0x53564d41 /* PR_SET_VMA */, 0, page, 4096, "test");
    munmap(page, 4096);
    return code == 0;
}

static void the_reservation_has_a_name(void)
{
    read_reservations();
    if (kernel_gives_names())
        CHECK_EQ(named, reservations);
    else
        check_print("(this kernel gives no names to anonymous memory)");
}

CHECK_MAIN(heavy_work_leaves_few_mappings, untouched_memory_is_not_dumped,
           the_reservation_has_a_name)
