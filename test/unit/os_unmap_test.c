// SPDX-License-Identifier: MIT
// os: mappings that the system does not take back are owed. Every call leaves errno as it was.
#include "fault_hook.h"
#include "os/os.h"
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>

enum { SENTINEL = 4711, THREADS = 4, STEPS = 2000 };
static size_t page;

// In this order: the arguments of a call have none.
#define KEPT(call) (errno = SENTINEL, kept((call), __LINE__))

static int kept(int result, int line)
{
    CHECK_FMT(errno == SENTINEL, "line %d: errno became %d", line, errno);
    return result;
}

static unsigned char residency(const char *address)
{
    unsigned char bits = 0xff;
    mincore((void *)(uintptr_t)address, page, &bits);
    return bits;
}

static bool mapped(const char *address)
{
    return residency(address) != 0xff;
}

// Pages that were written to.
static char *made(size_t n_pages)
{
    void *address = NULL;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_map(n_pages * page, page, &address) == 0);
    return memset(address, 1, n_pages * page);
}

static void owed_until_the_next_one_goes(void)
{
    char *first = made(3), *second = made(1);
    fault_some(BP_OS_UNMAP, 1, 1);
    CHECK_EQ(KEPT(bp_os_unmap(first, 3 * page)), 0);
    CHECK(mapped(first) && mapped(first + 2 * page));
    CHECK(!(residency(first) & 1) && !(residency(first + 2 * page) & 1));
    CHECK_EQ(KEPT(bp_os_unmap(second, page)), 0);
    CHECK(!mapped(second));
    CHECK(!mapped(first) && !mapped(first + 2 * page));
    CHECK_EQ(fault_plan.seen[BP_OS_UNMAP], 3);
}

static void owed_until_all_is_to_go(void)
{
    char *plain = made(2), *guarded = NULL;
    CHECK_EQ(bp_os_map_guarded(page, (void **)&guarded), 0);
    fault_some(BP_OS_UNMAP, 1, 3);
    CHECK_EQ(KEPT(bp_os_unmap(plain, 2 * page)), 0);
    CHECK_EQ(KEPT(bp_os_unmap_guarded(guarded, page)), 0);
    bp_os_unmap_owed(); // the third: refused again
    CHECK(mapped(plain) || mapped(guarded));
    CHECK_EQ(KEPT((bp_os_unmap_owed(), 0)), 0);
    CHECK(!mapped(plain) && !mapped(plain + page));
    CHECK(!mapped(guarded - page) && !mapped(guarded) && !mapped(guarded + page));
    unsigned calls = fault_plan.seen[BP_OS_UNMAP];
    bp_os_unmap_owed();
    CHECK_EQ(fault_plan.seen[BP_OS_UNMAP], calls); // nothing is, now
}

// Side by side they are one: in any order, as many as there are.
static void neighbours_are_one(void)
{
    enum { PAGES = 199, STRIDE = 2 }; // each second one, then what is between
    char *whole = made(PAGES);
    fault_all(BP_OS_UNMAP);
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQ(bp_os_unmap(whole + i * STRIDE % PAGES * page, page), 0);
    fault_some(BP_OS_UNMAP, 1, 0);
    bp_os_unmap_owed();
    CHECK_EQ(fault_plan.seen[BP_OS_UNMAP], 1);
    for (size_t i = 0; i < PAGES; i++)
        CHECK(!mapped(whole + i * page));
}

// Beyond what it can remember the caller hears of it; the rest goes.
static void too_much_is_owed(void)
{
    enum { PAGES = 2000 };
    char *whole = made(PAGES);
    size_t refused = 0;
    fault_all(BP_OS_UNMAP);
    for (size_t i = 0; i < PAGES; i += 2)
        refused += KEPT(bp_os_unmap(whole + i * page, page)) == ENOMEM;
    CHECK(refused > 0 && refused < PAGES / 2);
    CHECK(!(residency(whole + (PAGES - 2) * page) & 1));
    fault_none();
    bp_os_unmap_owed();
    size_t left = 0;
    for (size_t i = 0; i < PAGES; i += 2)
        left += mapped(whole + i * page);
    CHECK_EQ(left, refused);
}

// What cannot be emptied is owed all the same.
static void owed_with_its_memory(void)
{
    char *address = made(1);
    fault_some(BP_OS_UNMAP, 1, 1);
    fault_plan.fail_from[BP_OS_PURGE] = fault_plan.fail_count[BP_OS_PURGE] = 1;
    CHECK_EQ(KEPT(bp_os_unmap(address, page)), 0);
    CHECK(residency(address) & 1);
    bp_os_unmap_owed();
    CHECK(!mapped(address));
}

// The trims of an aligned mapping, and what it was asked for stays.
static void owed_trims(void)
{
    void *aligned = NULL;
    page = bp_os_page_bytes();
    fault_all(BP_OS_UNMAP);
    CHECK_EQ(KEPT(bp_os_map(page, 64 * page, &aligned)), 0);
    CHECK_ALIGNED(aligned, 64 * page);
    memset(aligned, 1, page);
    unsigned trims = fault_plan.seen[BP_OS_UNMAP];
    CHECK(trims >= 1);
    fault_some(BP_OS_UNMAP, 1, 0);
    bp_os_unmap_owed();
    CHECK_EQ(fault_plan.seen[BP_OS_UNMAP], trims);
    CHECK_EQ(*(char *)aligned, 1);
}

// --- by several threads ---

static int every_third(enum bp_os_call call)
{
    static unsigned calls;
    return call == BP_OS_UNMAP && __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 3 == 0 ? ENOMEM
                                                                                           : 0;
}

static void *map_and_unmap(void *unused)
{
    for (size_t i = 0; i < STEPS; i++) {
        size_t n_pages = 1 + i % 5;
        char *mine = made(n_pages);
        CHECK_EQ(mine[n_pages * page - 1], 1);
        CHECK_EQ(bp_os_unmap(mine, n_pages * page), 0);
    }
    return unused;
}

static size_t address_bytes(void)
{
    char text[64] = {0};
    int file = open("/proc/self/statm", O_RDONLY);
    REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
    close(file);
    return strtoul(text, NULL, 10) * page;
}

static void round_of_threads(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, map_and_unmap, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    bp_os_fault_hook = NULL;
    bp_os_unmap_owed();
}

// Nobody unmaps what another thread was given, and nothing is forgotten.
static void owed_by_several_threads(void)
{
    page = bp_os_page_bytes();
    round_of_threads(); // what the C library maps for threads it keeps
    size_t before = address_bytes();
    bp_os_fault_hook = every_third;
    round_of_threads();
    CHECK_EQ(address_bytes(), before);
}

// Its guards go again when what is between them cannot be had.
static void half_a_guarded_mapping_goes(void)
{
    void *address = NULL;
    page = bp_os_page_bytes();
    size_t before = address_bytes();
    fault_some(BP_OS_MAP, 2, 1);
    CHECK_EQ(KEPT(bp_os_map_guarded(5 * page, &address)), ENOMEM);
    CHECK_NULL(address);
    CHECK_EQ(address_bytes(), before);
}

UNIT_MAIN(UNIT_CASE(owed_until_the_next_one_goes), UNIT_CASE(owed_until_all_is_to_go),
          UNIT_CASE(neighbours_are_one), UNIT_CASE(too_much_is_owed),
          UNIT_CASE(owed_with_its_memory), UNIT_CASE(owed_trims),
          UNIT_CASE(owed_by_several_threads), UNIT_CASE(half_a_guarded_mapping_goes))
