// SPDX-License-Identifier: MIT
// What the library uses of sched.h.
#ifndef MAC_SCHED_H
#define MAC_SCHED_H

int sched_yield(void);

#endif
