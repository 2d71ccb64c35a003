// SPDX-License-Identifier: MIT
// What the library uses of macOS's errno.h: its numbers.
#ifndef MAC_ERRNO_H
#define MAC_ERRNO_H

extern int *__error(void);
#define errno (*__error())

enum {
    EINTR = 4,
    ENOMEM = 12,
    EFAULT = 14,
    EEXIST = 17,
    EINVAL = 22,
    EAGAIN = 35,
    ENOTSUP = 45,
    ENOSYS = 78,
    EOVERFLOW = 84,
};

#endif
