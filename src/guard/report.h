// SPDX-License-Identifier: MIT
// What is said of a guarded object that was misused: a line, and the stacks that are known: of the
// access or call, of the allocation, and of the free if there was one.
#ifndef BP_GUARD_REPORT_H
#define BP_GUARD_REPORT_H

#include "guard/guard.h"
#include "os/os_trap.h"

// Runs in the signal handler: takes no lock of the library's.
void bp_guard_report_trap(const struct bp_os_trap *trap);
BP_COLD BP_NORETURN void bp_guard_die_double_free(const struct bp_guarded *it);
// The bytes at `at`, beside the object, were written.
BP_COLD BP_NORETURN void bp_guard_die_written(const struct bp_guarded *it, const char *at);

#endif
