// SPDX-License-Identifier: MIT
// An operation of the hot path is over: a barrier that another thread makes us pass covers it.
// ThreadSanitizer alone has to be told.
#ifndef UNIT_TSAN_BARRIER_H
#define UNIT_TSAN_BARRIER_H

#if defined(__SANITIZE_THREAD__)
void tsan_barrier_note(void);
#else
static inline void tsan_barrier_note(void)
{
}
#endif

#endif
