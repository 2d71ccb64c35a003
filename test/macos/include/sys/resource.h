// SPDX-License-Identifier: MIT
// What the library uses of macOS's sys/resource.h.
#ifndef MAC_SYS_RESOURCE_H
#define MAC_SYS_RESOURCE_H

#include <stdint.h>

#define RLIM_INFINITY (((uint64_t)1 << 63) - 1)
enum { RLIMIT_AS = 5 };
struct rlimit {
    uint64_t rlim_cur, rlim_max;
};
int getrlimit(int resource, struct rlimit *ret_limit);

#endif
