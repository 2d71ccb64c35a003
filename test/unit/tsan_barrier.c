// SPDX-License-Identifier: MIT
// The barrier that every thread passes, as ThreadSanitizer is to see it: whoever makes it happen
// sees all that the others did up to their last whole operation (hot_calls.h). What they did since,
// in the midst of one, is not covered: only what recalls are meant to read of it may be suppressed.
#include "tsan_barrier.h"
#include "os/os.h"

#include <sanitizer/tsan_interface.h>

static char passed;

void tsan_barrier_note(void)
{
    __tsan_release(&passed);
}

int __real_bp_os_barrier_all(void);
int __wrap_bp_os_barrier_all(void);

int __wrap_bp_os_barrier_all(void)
{
    int code = __real_bp_os_barrier_all();
    __tsan_acquire(&passed);
    return code;
}
