// SPDX-License-Identifier: MIT
// What the library uses of macOS's sys/sysctl.h.
#ifndef MAC_SYS_SYSCTL_H
#define MAC_SYS_SYSCTL_H

#include <stddef.h>

int sysctlbyname(const char *name, void *ret_value, size_t *n_bytes, void *value,
                 size_t value_bytes);

#endif
