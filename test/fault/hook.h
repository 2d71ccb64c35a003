// SPDX-License-Identifier: MIT
// Which OS calls fail: the n-th of a kind, or all from the n-th on; and, for a while, a ceiling
// above which the system grants nothing.
#ifndef FAULT_HOOK_H
#define FAULT_HOOK_H

#include "os/os.h"

#include <stdbool.h>
#include <stddef.h>

enum { ANY_CALL = BP_OS_CALL_COUNT, KIND_COUNT };

struct fault {
    int kind;
    unsigned nth;  // the first call that fails, counted from 1
    bool for_good; // and all calls of the kind after it
};

extern const char *const kind_names[KIND_COUNT];

// To begin with. The background worker's sleeps end at once from then on: it is always about.
void hook_install(void);
// Until it is released the worker does nothing: it stands where it would sleep.
void hook_hold_worker(void);
void hook_release_worker(void);
// How often it would have slept.
unsigned hook_naps(void);

void hook_arm(const struct fault *fault);
void hook_disarm(void);
bool hook_is_armed(void);
// Once so much more is committed, metadata aside, commits are denied, and so is every mapping.
void hook_ceiling(size_t more_bytes);
// Calls that the fault hit so far.
unsigned hook_hits(void);
// Calls of the kind while it was armed.
unsigned hook_seen(void);
// Calls that failed for either reason.
unsigned hook_denials(void);
// The same, and requests that a limit refused: what may make a request fail.
unsigned hook_refusals(void);

#endif
