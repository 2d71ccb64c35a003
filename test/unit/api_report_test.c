// SPDX-License-Identifier: MIT
// api: what is written about the process, where the system refuses to: it is said, or answered, and
// the next time it works.
#include "api/report.h"
#include "bumpalloc/bumpalloc.h"
#include "core/options.h"
#include "fault_hook.h"
#include "profile/profile.h"
#include "thread_unit.h"

#include <sys/stat.h>

static char path[64];
static bool closes_named;
static struct refusal {
    enum bp_os_call call;
    unsigned nth; // 0: none
    bool at_boot;
} refusal;

static void path_make(void)
{
    strcpy(path, P_tmpdir "/bump-report-XXXXXX");
    int file = mkstemp(path);
    REQUIRE(file >= 0 && close(file) == 0 && unlink(path) == 0);
}

// The report of a process, on its stderr or in the file.
static void reports(void)
{
    thread_boot(BP_TIB);
    bp_options.stats = BP_STATS_TEXT;
    if (refusal.at_boot)
        fault_some(refusal.call, refusal.nth, 1);
    bp_report_boot();
    if (closes_named)
        close(STDIN_FILENO);
    if (!refusal.at_boot && refusal.nth)
        fault_some(refusal.call, refusal.nth, 1);
    bp_report_at_exit();
    CHECK(!refusal.nth || fault_plan.seen[refusal.call] >= refusal.nth);
}

static bool complains(void)
{
    char text[UNIT_TEXT];
    CHECK_EQ(unit_capture(reports, text), 0);
    return strstr(text, "cannot be written") != NULL;
}

static size_t file_bytes(void)
{
    struct stat status;
    return stat(path, &status) ? 0 : (size_t)status.st_size;
}

static void a_file_is_refused(void)
{
    path_make();
    bp_options.stats_to = path;
    CHECK(!complains() && file_bytes() > 100);
    unlink(path);
    refusal = (struct refusal){BP_OS_FILE, 1, false}; // its making
    CHECK(complains() && file_bytes() == 0);
    CHECK(access(path, F_OK) != 0);
    refusal = (struct refusal){BP_OS_FILE, 2, false}; // its writing
    CHECK(complains() && file_bytes() == 0);
    unlink(path);
}

// Standard input is the file, and its number what was named.
static void a_descriptor_is_refused(void)
{
    path_make();
    REQUIRE(close(STDIN_FILENO) == 0);
    REQUIRE(open(path, O_RDWR | O_CREAT, 0600) == STDIN_FILENO);
    bp_options.stats_to = "0";
    CHECK(!complains() && file_bytes() > 100);
    size_t once = file_bytes();
    refusal = (struct refusal){BP_OS_ASK, 1, true}; // what it is: so whether it still is that
    CHECK(complains() && file_bytes() == once);
    refusal = (struct refusal){BP_OS_FILE, 1, true}; // another of it, which is not needed
    CHECK(!complains() && file_bytes() > once);
    once = file_bytes();
    closes_named = true;
    CHECK(complains() && file_bytes() == once);
    refusal = (struct refusal){BP_OS_FILE, 0, false};
    CHECK(!complains() && file_bytes() > once);
    unlink(path);
}

// The first call makes the file, the second one writes it, the one before them reads the maps.
static void a_profile_is_refused(void)
{
    thread_boot(BP_TIB);
    path_make();
    REQUIRE(bump_profile_start(1) == 0);
    fault_none();
    CHECK_EQ(bump_profile_write(path), 0);
    unsigned calls = fault_plan.seen[BP_OS_FILE];
    size_t whole = file_bytes();
    CHECK(calls == 3 && whole > 100);
    fault_some(BP_OS_FILE, 1, 1);
    CHECK_EQ(bump_profile_write(path), 0);
    CHECK(file_bytes() > 0 && file_bytes() < whole);
    unlink(path);
    for (unsigned nth = 2; nth <= calls; nth++) {
        fault_some(BP_OS_FILE, nth, 1);
        CHECK_EQ(bump_profile_write(path), ENOMEM);
        CHECK_EQ(file_bytes(), 0);
    }
    fault_none();
    CHECK_EQ(bump_profile_write(path), 0);
    CHECK(file_bytes() > whole / 2);
    unlink(path);
}

UNIT_MAIN(UNIT_CASE(a_file_is_refused), UNIT_CASE(a_descriptor_is_refused),
          UNIT_CASE(a_profile_is_refused))
