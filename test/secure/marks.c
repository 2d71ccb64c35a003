// SPDX-License-Identifier: MIT
// Guards that are marks, until the kernel refuses marks, as it does in memory that is locked; then
// they are mappings. Either kind goes when its pages are somebody's again.
#include "os/os.h"
#include "os/os_guard.h"
#include "os/os_syscall.h"
#include "unit.h"

#include <sys/mman.h>
#include <sys/syscall.h>

enum { PAGE = 4096, GUARD_INSTALL = 102, PAGES = 40000, MAPPINGS_MAX = 16384 };

static bool refuses;
static char *pages;

long __real_bp_os_syscall_of(long number, const long arguments[6]);
long __wrap_bp_os_syscall_of(long number, const long arguments[6]);

long __wrap_bp_os_syscall_of(long number, const long arguments[6])
{
    if (!refuses || number != SYS_madvise || arguments[2] != GUARD_INSTALL)
        return __real_bp_os_syscall_of(number, arguments);
    errno = EINVAL;
    return -1;
}

static void boot(void)
{
    void *base = NULL;
    REQUIRE(bp_os_map((size_t)PAGES * PAGE, PAGE, &base) == 0);
    pages = base;
    refuses = false;
    errno = 4711;
}

static char *page(size_t index)
{
    return pages + index * PAGE;
}

static void check_whole(char *at)
{
    REQUIRE(unit_writable(at) && unit_writable(at + PAGE - 1));
    CHECK_EQ(pattern_nonzero(at, PAGE), PAGE);
    CHECK_EQ(errno, 4711);
}

static void guard(size_t index)
{
    memset(page(index), 'x', PAGE);
    REQUIRE(bp_os_guard_install(page(index), PAGE) == 0);
    CHECK(!unit_readable(page(index)));
}

static void marks_go_after_they_are_refused(void)
{
    boot();
    guard(1);
    guard(3);
    refuses = true;
    guard(5);
    CHECK(!bp_os_guards_are_marks());
    for (size_t i = 5; i < 6; i -= 2) { // 5, 3, 1
        CHECK_EQ(bp_os_guard_remove(page(i), PAGE), 0);
        check_whole(page(i));
    }
}

static void marks_may_become_mappings(void)
{
    boot();
    guard(1);
    refuses = true;
    REQUIRE(bp_os_guard_install(page(1), PAGE) == 0);
    CHECK(!unit_readable(page(1)));
    CHECK_EQ(bp_os_guard_remove(page(1), PAGE), 0);
    check_whole(page(1));
}

// What one kind was counted for is not given back for the other.
static void mappings_are_counted(void)
{
    boot();
    for (size_t i = 0; i < 100; i++)
        guard(2 * i);
    refuses = true;
    guard(PAGES - 1);
    for (size_t i = 0; i < 100; i++)
        CHECK_EQ(bp_os_guard_remove(page(2 * i), PAGE), 0);
    for (size_t i = 1; i < MAPPINGS_MAX; i++)
        REQUIRE(bp_os_guard_install(page(2 * i), PAGE) == 0);
    CHECK_EQ(bp_os_guard_install(page(0), PAGE), ENOMEM);
    check_whole(page(0));
    CHECK_EQ(bp_os_guard_remove(page(2), PAGE), 0);
    CHECK_EQ(bp_os_guard_install(page(0), PAGE), 0);
    CHECK(!unit_readable(page(0)));
}

static void locked_pages_lose_their_contents(void)
{
    boot();
    REQUIRE(mlock(pages, 8 * PAGE) == 0);
    errno = 4711;
    guard(1);
    CHECK_EQ(bp_os_guard_remove(page(1), PAGE), 0);
    check_whole(page(1));
}

static void marks_alone_are_unmarked(void)
{
    boot();
    guard(1);
    refuses = true;
    guard(3);
    CHECK_EQ(bp_os_guard_unmark(pages, 8 * PAGE), 0);
    CHECK_EQ(bp_os_guard_remove(page(1), PAGE), 0);
    check_whole(page(1));
    CHECK(!unit_readable(page(3)));
    CHECK_EQ(bp_os_guard_remove(page(3), PAGE), 0);
    check_whole(page(3));
}

UNIT_MAIN(UNIT_CASE(marks_go_after_they_are_refused), UNIT_CASE(marks_may_become_mappings),
          UNIT_CASE(mappings_are_counted), UNIT_CASE(locked_pages_lose_their_contents),
          UNIT_CASE(marks_alone_are_unmarked))
