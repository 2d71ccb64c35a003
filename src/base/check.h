// SPDX-License-Identifier: MIT
// Assertions on the library's own truths. They exist in the checks build alone; a caller's
// crimes are reported by core/report.h in every build.
#ifndef BP_BASE_CHECK_H
#define BP_BASE_CHECK_H

#define bp_assert(truth) ((BP_CHECKS && !(truth)) ? __builtin_trap() : (void)0)

#endif
