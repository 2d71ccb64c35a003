// SPDX-License-Identifier: MIT
// region: class files in the child of a fork.
#include "base/limits.h"
#include "fault_hook.h"
#include "region/class_file.h"
#include "unit.h"

#include <sys/mman.h>

#if !defined(MAP_FIXED_NOREPLACE)
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { PAGE = 4096 };

static char *take(void)
{
    void *object = NULL;
    REQUIRE(bp_files_take(BP_MIB, false, &object) == 0);
    memset(object, 'x', BP_MIB);
    return object;
}

// A child whose addresses the system does not give back to it: others have them by now.
static char *of_parent;

static void check_child_without_addresses(void)
{
    char *theirs = of_parent + BP_MIB;
    void *object = NULL;
    fault_all(BP_OS_DECOMMIT);
    bp_files_after_fork(true);
    fault_none();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    REQUIRE(mmap(theirs, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == theirs);
    *theirs = 'y';
    for (int i = 0; i < 3; i++)
        CHECK_EQ(bp_files_take(BP_MIB, false, &object), ENOMEM);
    CHECK_NULL(object);
    CHECK_EQ(*theirs, 'y');
    CHECK_EQ(bp_files_usable(of_parent), 0);
    CHECK(bp_files_give(of_parent, false)); // as in any child: it stayed with the parent
}

static void a_child_without_addresses_has_no_file(void)
{
    of_parent = take();
    bp_files_before_fork();
    unit_expect_pass("check_child_without_addresses", check_child_without_addresses);
    bp_files_after_fork(false);
    CHECK_EQ(*of_parent, 'x');
    CHECK(bp_files_give(of_parent, false));
}

UNIT_MAIN(UNIT_CASE(a_child_without_addresses_has_no_file))
