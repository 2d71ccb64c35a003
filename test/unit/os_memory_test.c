// SPDX-License-Identifier: MIT
// os: the contract on pages. Every call here also leaves errno as it was.
#include "base/limits.h"
#include "fault_hook.h"
#include "os/os.h"
#include "os/os_map.h"
#include "os/os_trap.h"
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { SENTINEL = 4711 };
static size_t page;

// The call's result; errno must come through unharmed.
// In this order: the arguments of a call have none.
#define KEPT(call) (errno = SENTINEL, kept((call), __LINE__))

static int kept(int result, int line)
{
    CHECK_FMT(errno == SENTINEL, "line %d: errno became %d", line, errno);
    return result;
}

static bool mapped(const char *address)
{
    unsigned char resident;
    return mincore((void *)(uintptr_t)address, page, &resident) == 0;
}

static bool resident(const char *address)
{
    unsigned char bits = 0;
    REQUIRE(mincore((void *)(uintptr_t)address, page, &bits) == 0);
    return bits & 1;
}

static char *reserved(size_t n_pages)
{
    void *base = NULL;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_reserve(n_pages * page, page, &base) == 0);
    return base;
}

static char *committed(size_t n_pages, int fill)
{
    char *base = reserved(n_pages);
    REQUIRE(bp_os_commit(base, n_pages * page) == 0);
    memset(base, fill, n_pages * page);
    return base;
}

static void check_bytes(const char *at, size_t n_bytes, char expected)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (!CHECK_FMT(at[i] == expected, "byte %zu is %d, not %d", i, at[i], expected))
            return;
    }
}

static void reserves_aligned_addresses(void)
{
    page = bp_os_page_bytes();
    for (size_t align = page; align <= BP_GIB; align *= 2) {
        void *base = NULL;
        REQUIRE(KEPT(bp_os_reserve(64 * BP_MIB, align, &base)) == 0);
        char *last = (char *)base + 64 * BP_MIB - page;
        CHECK_ALIGNED(base, align);
        CHECK((size_t)base + 64 * BP_MIB <= BP_ADDRESS_MAX);
        CHECK(mapped(base) && mapped(last));
        CHECK(!unit_readable(base) && !unit_readable(last));
        CHECK_EQ(KEPT(bp_os_unmap(base, 64 * BP_MIB)), 0);
        CHECK(!mapped(base) && !mapped(last));
    }
}

// Both ends that were mapped for alignment alone are given back.
static void reserve_leaves_nothing_over(void)
{
    void *base = NULL;
    page = bp_os_page_bytes();
    for (int i = 0; i < 2000; i++) {
        REQUIRE(bp_os_reserve(page, 256 * BP_GIB, &base) == 0);
        CHECK_ALIGNED(base, 256 * BP_GIB);
        REQUIRE(bp_os_unmap(base, page) == 0);
    }
}

static void reserve_fails_softly(void)
{
    void *base = &page;
    page = bp_os_page_bytes();
    CHECK_EQ(KEPT(bp_os_reserve(BP_ADDRESS_MAX, page, &base)), ENOMEM);
    CHECK_EQ(KEPT(bp_os_reserve(SIZE_MAX - page + 1, 2 * BP_MIB, &base)), ENOMEM);
    CHECK_PTR(base, &page);
}

static void commits_a_part(void)
{
    char *base = reserved(16);
    CHECK_EQ(KEPT(bp_os_commit(base + 4 * page, 2 * page)), 0);
    check_bytes(base + 4 * page, 2 * page, 0);
    CHECK(unit_writable(base + 4 * page) && unit_writable(base + 6 * page - 1));
    CHECK(!unit_readable(base + 4 * page - 1) && !unit_readable(base + 6 * page));
}

static void commit_fails_softly(void)
{
    char *base = reserved(4);
    REQUIRE(bp_os_unmap(base + page, page) == 0);
    CHECK(KEPT(bp_os_commit(base + page, page)) != 0);
    CHECK(!mapped(base + page));
}

static void decommits_a_part(void)
{
    char *base = committed(16, 'x');
    CHECK_EQ(KEPT(bp_os_decommit(base + 4 * page, 2 * page)), 0);
    CHECK(mapped(base + 4 * page) && mapped(base + 5 * page));
    CHECK(!unit_readable(base + 4 * page) && !unit_readable(base + 6 * page - 1));
    check_bytes(base, 4 * page, 'x');
    check_bytes(base + 6 * page, 10 * page, 'x');
    CHECK_EQ(KEPT(bp_os_commit(base + 4 * page, 2 * page)), 0);
    check_bytes(base + 4 * page, 2 * page, 0);
    CHECK(unit_writable(base + 5 * page));
}

static void purges_a_part(void)
{
    char *base = committed(16, 'x');
    CHECK(resident(base + 4 * page));
    CHECK_EQ(KEPT(bp_os_purge(base + 4 * page, 2 * page)), 0);
    CHECK(!resident(base + 4 * page) && !resident(base + 5 * page));
    CHECK(resident(base + 3 * page) && resident(base + 6 * page));
    check_bytes(base, 4 * page, 'x');
    check_bytes(base + 4 * page, 2 * page, 0);
    check_bytes(base + 6 * page, 10 * page, 'x');
    CHECK(unit_writable(base + 4 * page));
}

static void purge_fails_softly(void)
{
    char *base = committed(4, 'x');
    bool zero;
    REQUIRE(bp_os_unmap(base + page, page) == 0);
    CHECK(KEPT(bp_os_purge(base + page, page)) != 0);
    CHECK(KEPT(bp_os_discard(base + page, page, &zero)) != 0);
}

// What was discarded is no longer in memory; it is zero only if that was said.
static void discards_a_part(void)
{
    char *base = committed(16, 'x');
    bool zero = false;
    CHECK_EQ(KEPT(bp_os_discard(base + 4 * page, 2 * page, &zero)), 0);
    CHECK(!resident(base + 4 * page) && !resident(base + 5 * page));
    bp_os_reuse(base + 3 * page, 4 * page); // others do not mind
    check_bytes(base, 4 * page, 'x');
    check_bytes(base + 6 * page, 10 * page, 'x');
    if (zero)
        check_bytes(base + 4 * page, 2 * page, 0);
    CHECK(unit_writable(base + 4 * page));
    memset(base + 4 * page, 'y', 2 * page);
    check_bytes(base + 4 * page, 2 * page, 'y');
}

static void moves_pages(void)
{
    char *base = committed(64, 'o');
    char *src = base + 8 * page, *dst = base + 40 * page;
    pattern_fill(src, 8 * page, 1);
    CHECK_EQ(KEPT(bp_os_move(dst, src, 8 * page, true)), 0);
    CHECK_EQ(pattern_mismatch(dst, 8 * page, 1), 8 * page);
    CHECK(!resident(src));
    check_bytes(src, 8 * page, 0);
    check_bytes(dst - page, page, 'o');
    check_bytes(dst + 8 * page, page, 'o');
    memset(src, 's', 8 * page);
    memset(dst, 'd', 8 * page);
    check_bytes(src, 8 * page, 's');
    check_bytes(dst, 8 * page, 'd');
}

// What was moved once may be purged, moved on, decommitted and committed like all else.
static void moved_pages_are_pages(void)
{
    char *base = committed(64, 'o');
    REQUIRE(bp_os_move(base + 32 * page, base, 8 * page, true) == 0);
    CHECK_EQ(KEPT(bp_os_move(base + 48 * page, base + 32 * page, 8 * page, true)), 0);
    check_bytes(base + 48 * page, 8 * page, 'o');
    CHECK_EQ(KEPT(bp_os_purge(base + 46 * page, 4 * page)), 0);
    check_bytes(base + 46 * page, 4 * page, 0);
    check_bytes(base + 50 * page, 6 * page, 'o');
    CHECK_EQ(KEPT(bp_os_decommit(base, 64 * page)), 0);
    CHECK_EQ(KEPT(bp_os_commit(base, 64 * page)), 0);
    check_bytes(base, 64 * page, 0);
}

// Not every kernel moves what was put together of moved pieces; then nothing is lost.
static void moves_pieces_or_says_so(void)
{
    char *base = committed(64, 'o');
    pattern_fill(base, 8 * page, 1);
    REQUIRE(bp_os_move(base + 16 * page, base, 4 * page, true) == 0);
    REQUIRE(bp_os_move(base + 20 * page, base + 4 * page, 4 * page, true) == 0);
    for (int i = 0; i < 2; i++) {
        char *src = base + 16 * page, *dst = base + (size_t)(32 + 16 * i) * page;
        int code = KEPT(bp_os_move(dst, src, 8 * page, false));
        CHECK(code == 0 || code == EFAULT);
        CHECK_EQ(pattern_mismatch(code ? src : dst, 8 * page, 1), 8 * page);
        CHECK(unit_writable(code ? dst : src));
        memcpy(src, code ? src : dst, 8 * page);
        memset(dst, 'd', 8 * page);
    }
}

static volatile bool squeezing = true;

// What `prlimit --as` from outside does, or a program's own test of how it copes.
static void *squeeze(void *unused)
{
    struct rlimit open, tight;
    REQUIRE(getrlimit(RLIMIT_AS, &open) == 0);
    tight = (struct rlimit){4096, open.rlim_max};
    while (squeezing) {
        setrlimit(RLIMIT_AS, &tight);
        setrlimit(RLIMIT_AS, &open);
    }
    return unused;
}

// The kernel unmaps the target of a move before it asks whether the limit allows for one.
static void moves_while_limits_come_and_go(void)
{
    pthread_t thread;
    char *base = committed(64, 'o');
    REQUIRE(pthread_create(&thread, NULL, squeeze, NULL) == 0);
    for (int i = 0, refused = 0; i < 100000 && refused < 2000; i++) {
        char *src = base + 16 * page, *dst = base + 32 * page;
        pattern_fill(src, 4 * page, (unsigned)i);
        int code = bp_os_move(dst, src, 4 * page, true);
        refused += code != 0;
        CHECK(code == 0 || code == ENOMEM || code == EFAULT);
        CHECK_EQ(pattern_mismatch(code ? src : dst, 4 * page, (unsigned)i), 4 * page);
        memset(dst, 'd', 4 * page);
    }
    squeezing = false;
    pthread_join(thread, NULL);
}

static void renews_what_was_moved(void)
{
    char *base = committed(64, 'o');
    REQUIRE(bp_os_move(base + 32 * page, base, 8 * page, true) == 0);
    CHECK_EQ(KEPT(bp_os_renew(base + 16 * page, 32 * page)), 0);
    CHECK(!resident(base + 40 * page) && resident(base + 48 * page));
    check_bytes(base + 16 * page, 32 * page, 0);
    CHECK(unit_writable(base + 16 * page) && unit_writable(base + 48 * page - 1));
    check_bytes(base + 48 * page, 16 * page, 'o');
    fault_all(BP_OS_PURGE);
    CHECK_EQ(KEPT(bp_os_renew(base + 48 * page, page)), ENOMEM);
    check_bytes(base + 48 * page, page, 'o');
}

static void maps_zeroed_and_aligned(void)
{
    page = bp_os_page_bytes();
    for (size_t align = page; align <= BP_GIB; align *= 8) {
        void *start = NULL;
        REQUIRE(KEPT(bp_os_map(3 * page, align, &start)) == 0);
        CHECK_ALIGNED(start, align);
        check_bytes(start, 3 * page, 0);
        memset(start, 'm', 3 * page);
        CHECK_EQ(KEPT(bp_os_unmap(start, 3 * page)), 0);
        CHECK(!mapped(start) && !mapped((char *)start + 2 * page));
    }
}

static void map_fails_softly(void)
{
    void *start = &page;
    page = bp_os_page_bytes();
    CHECK_EQ(KEPT(bp_os_map(BP_ADDRESS_MAX, page, &start)), ENOMEM);
    CHECK_EQ(KEPT(bp_os_map(SIZE_MAX - page + 1, BP_GIB, &start)), ENOMEM);
    CHECK_PTR(start, &page);
}

static void remaps_with_contents(void)
{
    void *at = NULL;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_map(4 * page, page, &at) == 0);
    pattern_fill(at, 4 * page, 2);
    REQUIRE(KEPT(bp_os_remap(at, 4 * page, 4096 * page, &at)) == 0);
    CHECK_EQ(pattern_mismatch(at, 4 * page, 2), 4 * page);
    CHECK_EQ(pattern_nonzero((char *)at + 4 * page, 4092 * page), 4092 * page);
    REQUIRE(KEPT(bp_os_remap(at, 4096 * page, 2 * page, &at)) == 0);
    CHECK_EQ(pattern_mismatch(at, 2 * page, 2), 2 * page);
    CHECK(!mapped((char *)at + 2 * page));
}

static void remap_fails_softly(void)
{
    void *start = NULL, *moved = &page;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_map(4 * page, page, &start) == 0);
    pattern_fill(start, 4 * page, 2);
    CHECK(KEPT(bp_os_remap(start, 4 * page, BP_ADDRESS_MAX, &moved)) != 0);
    CHECK_PTR(moved, &page);
    CHECK_EQ(pattern_mismatch(start, 4 * page, 2), 4 * page);
}

static int make_call(enum bp_os_call call, char *base, void **ret_address)
{
    switch (call) {
    case BP_OS_RESERVE:
        return KEPT(bp_os_reserve(page, page, ret_address));
    case BP_OS_COMMIT:
        return KEPT(bp_os_commit(base + 8 * page, page));
    case BP_OS_DECOMMIT:
        return KEPT(bp_os_decommit(base, page));
    case BP_OS_PURGE:
        return KEPT(bp_os_purge(base, page));
    case BP_OS_MAP:
        return KEPT(bp_os_map(page, page, ret_address));
    case BP_OS_ADVISE:
        return KEPT(bp_os_keep_from_fork(base, page));
    case BP_OS_BARRIER:
        return KEPT(bp_os_barrier_all());
    case BP_OS_THREAD:
        return KEPT(bp_os_thread_exit_arm(base));
    case BP_OS_FILE:
        return KEPT(bp_os_write(STDERR_FILENO, base, 1));
    case BP_OS_ASK:
        return KEPT(bp_os_resident(base, page, &(size_t){0}));
    case BP_OS_FORK:
        return KEPT(bp_os_fork_register(NULL, NULL, NULL));
    case BP_OS_TRAP:
        return KEPT(bp_os_trap_install(NULL));
    default:
        return KEPT(bp_os_move(base + page, base, page, true));
    }
}

// The secure library's are not here, what is not unmapped is no failure, and sleeps have none.
static bool has_result(enum bp_os_call call)
{
    return call != BP_OS_GUARD && call != BP_OS_UNMAP && call != BP_OS_WAIT && call != BP_OS_NAP;
}

// A move asks for room first, and gives it back.
static bool asks(int call, int other)
{
    return other == call || (call == BP_OS_MOVE && (other == BP_OS_ASK || other == BP_OS_UNMAP));
}

// An injected fault is the call's result, and the call has not been made. A move that fails may
// cost what was at its target.
static void injected_faults_change_nothing(void)
{
    for (int call = 0; call < BP_OS_CALL_COUNT; call++) {
        if (!has_result((enum bp_os_call)call))
            continue;
        char *base = reserved(9);
        void *returned = &page;
        REQUIRE(bp_os_commit(base, 8 * page) == 0);
        memset(base, 'x', 8 * page);
        fault_none();
        fault_all((enum bp_os_call)call);
        CHECK_FMT(make_call((enum bp_os_call)call, base, &returned) == ENOMEM, "call %d", call);
        for (int other = 0; other < BP_OS_CALL_COUNT; other++)
            CHECK_FMT(!fault_plan.seen[other] == !asks(call, other), "call %d asks %d", call,
                      other);
        CHECK_EQ(fault_plan.seen[call], 1);
        CHECK_PTR(returned, &page);
        check_bytes(base, page, 'x');
        check_bytes(base + 2 * page, 6 * page, 'x');
        CHECK(unit_writable(base + page) && !unit_readable(base + 8 * page));
        CHECK(call == BP_OS_MOVE || base[page] == 'x');
        bp_os_fault_hook = NULL;
    }
}

// More pages than one question to the system has room for, every third of them touched.
static void resident_is_what_was_touched(void)
{
    enum { PAGES = 3000 };
    size_t n_bytes = 0;
    char *base = reserved(PAGES);
    REQUIRE(bp_os_commit(base, PAGES * page) == 0);
    bp_os_huge(base, PAGES * page, false);
    CHECK_EQ(KEPT(bp_os_resident(base, PAGES * page, &n_bytes)), 0);
    CHECK_EQ(n_bytes, 0);
    for (size_t i = 0; i < PAGES; i += 3)
        base[i * page] = 'x';
    CHECK_EQ(KEPT(bp_os_resident(base, PAGES * page, &n_bytes)), 0);
    CHECK_EQ(n_bytes, PAGES / 3 * page);
    CHECK_EQ(KEPT(bp_os_resident(base + page, 4 * page, &n_bytes)), 0);
    CHECK_EQ(n_bytes, page);
    CHECK_EQ(KEPT(bp_os_unmap(base, PAGES * page)), 0);
    CHECK_EQ(KEPT(bp_os_resident(base, page, &n_bytes)), ENOMEM);
}

static void remap_counts_as_map(void)
{
    void *start = NULL, *moved = &page;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_map(page, page, &start) == 0);
    fault_all(BP_OS_MAP);
    CHECK_EQ(KEPT(bp_os_remap(start, page, 2 * page, &moved)), ENOMEM);
    CHECK_PTR(moved, &page);
    CHECK(unit_writable(start));
    CHECK_EQ(KEPT(bp_os_unmap(start, page)), 0);
}

UNIT_MAIN(UNIT_CASE(reserves_aligned_addresses), UNIT_CASE(reserve_leaves_nothing_over),
          UNIT_CASE(reserve_fails_softly), UNIT_CASE(commits_a_part),
          UNIT_CASE(commit_fails_softly), UNIT_CASE(decommits_a_part), UNIT_CASE(purges_a_part),
          UNIT_CASE(purge_fails_softly), UNIT_CASE(discards_a_part), UNIT_CASE(moves_pages),
          UNIT_CASE(moved_pages_are_pages), UNIT_CASE(moves_pieces_or_says_so),
          UNIT_CASE(renews_what_was_moved), UNIT_CASE(moves_while_limits_come_and_go),
          UNIT_CASE(maps_zeroed_and_aligned), UNIT_CASE(map_fails_softly),
          UNIT_CASE(remaps_with_contents), UNIT_CASE(remap_fails_softly),
          UNIT_CASE(injected_faults_change_nothing), UNIT_CASE(remap_counts_as_map),
          UNIT_CASE(resident_is_what_was_touched))
