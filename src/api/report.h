// SPDX-License-Identifier: MIT
// What the library says when it is asked to by options: the statistics of a program that exits,
// and at its start what the options came to. Nothing here allocates, or fails a program.
#ifndef BP_API_REPORT_H
#define BP_API_REPORT_H

#include "base/attr.h"

#include <stdbool.h>

// BUMPALLOC_STATS, to BUMPALLOC_STATS_TO. One line on stderr if that cannot be written.
BP_COLD void bp_report_at_exit(void);
// At the end of boot. BUMPALLOC_VERBOSE=1: one line an option, and one of what was reserved. And
// for BUMPALLOC_STATS a descriptor is kept open, because programs close theirs as they exit.
BP_COLD void bp_report_boot(void);

#endif
