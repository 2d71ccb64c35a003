// SPDX-License-Identifier: MIT
// region: class files when the system refuses: nothing is lost, and it is counted.
#include "base/limits.h"
#include "fault_hook.h"
#include "region/class_file.h"
#include "region/class_region.h"
#include "unit.h"

enum { PAGE = 4096, REGION = 4 }; // slots of 1 MiB

static struct bp_file_census census(void)
{
    struct bp_file_census it;
    CHECK_EQ(bp_files_census(REGION, &it), 0);
    return it;
}

static char *take(void)
{
    void *object = NULL;
    REQUIRE(bp_files_take(BP_MIB, false, &object) == 0);
    memset(object, 'x', BP_MIB);
    return object;
}

static void knows_nothing_at_first(void)
{
    char byte;
    CHECK(!bp_files_owns(NULL) && !bp_files_owns(&byte));
    CHECK_EQ(bp_files_usable(&byte), 0);
    CHECK_EQ(bp_files_purge(REGION, SIZE_MAX), 0);
    CHECK_EQ(census().file_bytes, 0);
}

// Reservation, file, mapping, record and space: each fails once, and then no more.
static void each_step_may_fail(void)
{
    static const struct {
        enum bp_os_call call;
        unsigned nth;
    } steps[] = {{BP_OS_MAP, 1}, {BP_OS_MAP, 2}, {BP_OS_COMMIT, 1}, {BP_OS_COMMIT, 2}};
    void *object = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        fault_none();
        fault_some(steps[i].call, steps[i].nth, 1);
        int code = bp_files_take(BP_MIB, false, &object);
        CHECK_FMT(code == ENOMEM && !object, "step %zu: %d", i, code);
    }
    fault_none();
    CHECK_EQ(census().used_slots, 0);
    char *taken = take();
    CHECK_EQ(bp_files_usable(taken), BP_MIB);
    CHECK_EQ(census().used_slots, 1);
    CHECK(bp_files_give(taken, false));
}

static void without_addresses_there_is_none(void)
{
    void *object = NULL;
    fault_all(BP_OS_RESERVE);
    CHECK_EQ(bp_files_take(BP_MIB, false, &object), ENOMEM);
    CHECK_NULL(object);
    fault_none();
    CHECK(bp_files_give(take(), false));
}

// The ladder: half as much is enough.
static void fewer_addresses_are_enough(void)
{
    fault_some(BP_OS_RESERVE, 1, 5);
    CHECK(bp_files_give(take(), false));
    CHECK_EQ(fault_plan.seen[BP_OS_RESERVE], 7); // the share, and a table of its records
}

static void what_is_not_punched_stays_dirty(void)
{
    char *object = take();
    fault_all(BP_OS_PURGE);
    CHECK(bp_files_give(object, true));
    CHECK_EQ(census().dirty_slots, 1);
    CHECK_EQ(census().clear_failures, 1);
    CHECK_EQ(bp_files_purge(REGION, SIZE_MAX), 0);
    CHECK_EQ(census().clear_failures, 2);
    CHECK_EQ(census().dirty_slots, 1);
    fault_none();
    void *again = NULL;
    CHECK_EQ(bp_files_take(BP_MIB, true, &again), 0);
    CHECK_PTR(again, object);
    CHECK_EQ(pattern_nonzero(again, BP_MIB), BP_MIB);
    CHECK(bp_files_give(again, true));
    CHECK_EQ(census().clean_slots, 1);
    CHECK_EQ(census().cleared_on_free, 1);
}

static void objects_end_once(void)
{
    char *object = take();
    CHECK(!bp_files_give(object + PAGE, false));
    CHECK(!bp_files_give(object + BP_MIB, false)); // never used
    CHECK(bp_files_give(object, false));
    CHECK(!bp_files_give(object, false));
}

static void a_copy_that_fails_leaves_none(void)
{
    char *object = take();
    bp_files_set_fork_copy(true);
    fault_all(BP_OS_COMMIT); // copying
    bp_files_before_fork();
    fault_none();
    bp_files_after_fork(true);
    CHECK_EQ(bp_files_usable(object), 0);
    CHECK(!unit_readable(object));
    CHECK(bp_files_give(object, false));
    CHECK(bp_files_give(take(), false));
}

UNIT_MAIN(UNIT_CASE(knows_nothing_at_first), UNIT_CASE(each_step_may_fail),
          UNIT_CASE(without_addresses_there_is_none), UNIT_CASE(fewer_addresses_are_enough),
          UNIT_CASE(what_is_not_punched_stays_dirty), UNIT_CASE(objects_end_once),
          UNIT_CASE(a_copy_that_fails_leaves_none))
