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

// The n-th call that opens, attaches or maps the file fails, in a class of its own. What is mapped
// after it has to be the file that space is had from and punched out of.
static void a_retry_maps_its_own_file(void)
{
    for (unsigned nth = 1; nth <= 3; nth++) {
        size_t n_bytes = BP_MIB << nth;
        void *object = NULL;
        fault_some(BP_OS_MAP, nth, 1);
        int code = bp_files_take(n_bytes, false, &object);
        bool refused = code == ENOMEM && !object;
        CHECK_FMT(refused || (code == 0 && fault_plan.seen[BP_OS_MAP] < nth), "%u: %d", nth, code);
        fault_none();
        CHECK(!refused || bp_files_take(n_bytes, false, &object) == 0);
        REQUIRE(object != NULL);
        memset(object, 'x', n_bytes);
        CHECK(bp_files_give(object, true));
        REQUIRE(bp_files_take(n_bytes, true, &object) == 0);
        CHECK_FMT(pattern_nonzero(object, n_bytes) == n_bytes, "after failure %u", nth);
        CHECK(bp_files_give(object, false));
    }
}

static void without_addresses_there_is_none(void)
{
    void *object = NULL;
    unsigned files = unit_open_files();
    fault_all(BP_OS_RESERVE);
    CHECK_EQ(bp_files_take(BP_MIB, false, &object), ENOMEM);
    CHECK_NULL(object);
    CHECK_EQ(unit_open_files(), files);
    fault_none();
    CHECK(bp_files_give(take(), false));
}

// The ladder: half as much is enough.
static void fewer_addresses_are_enough(void)
{
    unsigned refusals =
        bp_os_charges_commit() ? 2 : 5; // where a file is mapped whole: 8 GiB at most
    fault_some(BP_OS_RESERVE, 1, refusals);
    CHECK(bp_files_give(take(), false));
    CHECK_EQ(fault_plan.seen[BP_OS_RESERVE], refusals + 2); // the share, and a table of its records
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
    unsigned files = unit_open_files();
    bp_files_set_fork_copy(true);
    fault_all(BP_OS_COMMIT); // copying
    bp_files_before_fork();
    CHECK_EQ(unit_open_files(), files);
    fault_none();
    bp_files_after_fork(true);
    CHECK_EQ(bp_files_usable(object), 0);
    CHECK(!unit_readable(object));
    CHECK(bp_files_give(object, false));
    CHECK(bp_files_give(take(), false));
}

UNIT_MAIN(UNIT_CASE(knows_nothing_at_first), UNIT_CASE(each_step_may_fail),
          UNIT_CASE(a_retry_maps_its_own_file), UNIT_CASE(without_addresses_there_is_none),
          UNIT_CASE(fewer_addresses_are_enough), UNIT_CASE(what_is_not_punched_stays_dirty),
          UNIT_CASE(objects_end_once), UNIT_CASE(a_copy_that_fails_leaves_none))
