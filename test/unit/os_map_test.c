// SPDX-License-Identifier: MIT
// os: the contract on ranges with protections, and on files. Every call leaves errno as it was.
#include "os/os_map.h"

#include "os/os.h"
#include "unit.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum { SENTINEL = 4711 };
static size_t page;

// In this order: the arguments of a call have none.
#define KEPT(call) (errno = SENTINEL, kept((call), __LINE__))

static int kept(int result, int line)
{
    CHECK_FMT(errno == SENTINEL, "line %d: errno became %d", line, errno);
    return result;
}

static char *reserved(size_t n_pages, bool lax)
{
    void *base = NULL;
    page = bp_os_page_bytes();
    REQUIRE(KEPT(bp_os_range_reserve(n_pages * page, page, lax, &base)) == 0);
    return base;
}

static bool resident(const char *address)
{
    unsigned char bits = 0;
    REQUIRE(mincore((void *)(uintptr_t)address, page, &bits) == 0);
    return bits & 1;
}

static void reserves_nothing_accessible(void)
{
    for (int lax = 0; lax < 2; lax++) {
        char *base = reserved(4, lax);
        CHECK(!unit_readable(base) && !unit_readable(base + 3 * page));
        void *aligned = NULL;
        CHECK_EQ(KEPT(bp_os_range_reserve(page, 64 * page, lax, &aligned)), 0);
        CHECK_ALIGNED(aligned, 64 * page);
        CHECK_EQ(KEPT(bp_os_range_reserve((size_t)1 << 60, page, lax, &aligned)), ENOMEM);
        CHECK_EQ(KEPT(bp_os_range_reserve(SIZE_MAX - page + 1, 64 * page, lax, &aligned)), ENOMEM);
    }
}

static void protects_and_releases(void)
{
    for (int lax = 0; lax < 2; lax++) {
        char *base = reserved(4, lax);
        CHECK_EQ(KEPT(bp_os_range_protect(base, 2 * page, BP_OS_PROT_READ)), 0);
        CHECK(unit_readable(base) && !unit_writable(base) && !unit_readable(base + 2 * page));
        CHECK_EQ(base[0], 0);
        CHECK_EQ(KEPT(bp_os_range_protect(base, 2 * page, 3)), 0);
        memset(base, 1, 2 * page);
        CHECK_EQ(KEPT(bp_os_range_release(base, page, lax)), 0);
        CHECK(!unit_readable(base) && unit_writable(base + page));
        CHECK_EQ(KEPT(bp_os_range_protect(base, page, 3)), 0);
        CHECK_EQ(base[0] * 10 + base[page], 1); // zero again, and the neighbour's content
        CHECK_EQ(KEPT(bp_os_range_protect((char *)64, page, 3)) != 0, true);
    }
    CHECK_EQ(bp_os_effective_prot(2), 3);
    CHECK_EQ(bp_os_effective_prot(5), 5);
    CHECK_EQ(bp_os_effective_prot(0), 0);
}

static void populates(void)
{
    char *base = reserved(8, false);
    REQUIRE(bp_os_range_protect(base, 8 * page, 3) == 0);
    base[page] = 9;
    CHECK_EQ(KEPT(bp_os_populate(base, 4 * page, true)), 0);
    CHECK(resident(base) && resident(base + 3 * page) && !resident(base + 4 * page));
    CHECK_EQ(base[page], 9);
    REQUIRE(bp_os_range_protect(base + 5 * page, page, BP_OS_PROT_READ) == 0);
    CHECK_EQ(KEPT(bp_os_populate(base + 4 * page, 4 * page, true)), EACCES);
    CHECK_EQ(KEPT(bp_os_populate(base + 5 * page, page, false)), 0);
    CHECK_EQ(KEPT(bp_os_prefetch(base, 8 * page)), 0);
}

static void stays_in_the_parent(void)
{
    char *base = reserved(2, false);
    REQUIRE(bp_os_range_protect(base, 2 * page, 3) == 0);
    CHECK_EQ(KEPT(bp_os_keep_from_fork(base, page)), 0);
    uint64_t id = bp_os_process_id();
    pid_t child = fork();
    if (child == 0) {
        unsigned char bit;
        bool gone = mincore(base, page, &bit) != 0, kept_other = unit_readable(base + page);
        _exit(gone && kept_other && bp_os_process_id() != id ? 0 : 1);
    }
    CHECK_EQ(unit_wait(child), 0);
}

// A file from first to last: made, lengthened, mapped, cut, punched, closed.
static void runs_through_a_file(intptr_t file)
{
    size_t n_bytes = 1;
    char *base = reserved(8, false);
    CHECK_EQ(KEPT(bp_os_file_size(file, &n_bytes)), 0);
    CHECK_EQ(n_bytes, 0);
    CHECK_EQ(KEPT(bp_os_file_allocate(file, 0, 4 * page + 5)), 0);
    CHECK_EQ(KEPT(bp_os_file_size(file, &n_bytes)), 0);
    CHECK_EQ(n_bytes, 4 * page + 5);
    CHECK_EQ(KEPT(bp_os_file_map(base + page, 4 * page, file, page, 3)), 0);
    CHECK(!unit_readable(base) && unit_writable(base + 4 * page - 1));
    memset(base + page, 7, 3 * page);
    CHECK_EQ(KEPT(bp_os_file_sync(file, base + page, 4 * page)), 0);
    char byte = 0;
    CHECK(pread((int)file, &byte, 1, (off_t)(2 * page)) == 1 && byte == 7);
    CHECK_EQ(KEPT(bp_os_file_punch(file, 2 * page, page)), 0);
    CHECK(base[2 * page] == 0 && base[3 * page] == 7 && base[2 * page - 1] == 7);
    CHECK_EQ(KEPT(bp_os_file_cut(file, 3 * page)), 0);
    CHECK_EQ(KEPT(bp_os_file_size(file, &n_bytes)), 0);
    CHECK_EQ(n_bytes, 3 * page);
    CHECK_EQ(KEPT(bp_os_range_release(base, 8 * page, false)), 0);
    CHECK_EQ(KEPT(bp_os_file_close(file)), 0);
    CHECK_EQ(KEPT(bp_os_file_close(file)), EBADF);
    CHECK_EQ(KEPT(bp_os_file_size(file, &n_bytes)), EBADF);
    CHECK_EQ(KEPT(bp_os_file_cut(file, 0)), EBADF);
}

static void files_without_names(void)
{
    intptr_t file = -1;
    CHECK_EQ(KEPT(bp_os_file_temporary(NULL, &file)), 0);
    runs_through_a_file(file);
    CHECK_EQ(KEPT(bp_os_file_temporary(".", &file)), 0);
    struct stat status;
    CHECK(fstat((int)file, &status) == 0 && status.st_nlink == 0);
    CHECK_EQ(status.st_mode & 0777, 0600);
    runs_through_a_file(file);
    CHECK_EQ(KEPT(bp_os_file_temporary("/nowhere/at/all", &file)), ENOENT);
}

static void files_with_names(void)
{
    char name[64];
    intptr_t file = -1;
    snprintf(name, sizeof name, "os_map_test.%d", (int)getpid());
    CHECK_EQ(KEPT(bp_os_file_open(name, false, &file)), ENOENT);
    CHECK_EQ(file, -1);
    CHECK_EQ(KEPT(bp_os_file_open(name, true, &file)), 0);
    runs_through_a_file(file);
    CHECK_EQ(KEPT(bp_os_file_open(name, false, &file)), 0);
    CHECK(fcntl((int)file, F_GETFD) & FD_CLOEXEC);
    size_t n_bytes = 0;
    CHECK(bp_os_file_size(file, &n_bytes) == 0 && n_bytes == 3 * page);
    CHECK_EQ(KEPT(bp_os_file_map(reserved(1, false), page, file, 0, 3)), EACCES);
    CHECK_EQ(KEPT(bp_os_file_close(file)), 0);
    unlink(name);
    CHECK_EQ(KEPT(bp_os_file_open("/dev/null", true, &file)), 0);
    CHECK_EQ(KEPT(bp_os_file_size(file, &n_bytes)), ENODEV);
    CHECK_EQ(KEPT(bp_os_file_close(file)), 0);
}

UNIT_MAIN(UNIT_CASE(reserves_nothing_accessible), UNIT_CASE(protects_and_releases),
          UNIT_CASE(populates), UNIT_CASE(stays_in_the_parent), UNIT_CASE(files_without_names),
          UNIT_CASE(files_with_names))
