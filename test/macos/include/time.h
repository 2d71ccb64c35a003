// SPDX-License-Identifier: MIT
// What the library uses of macOS's time.h.
#ifndef MAC_TIME_H
#define MAC_TIME_H

struct timespec {
    long tv_sec, tv_nsec;
};
typedef enum { CLOCK_MONOTONIC_RAW_APPROX = 5, CLOCK_MONOTONIC = 6 } clockid_t;
int clock_gettime(clockid_t clock, struct timespec *ret_now);

#endif
