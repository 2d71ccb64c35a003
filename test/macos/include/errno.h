// SPDX-License-Identifier: MIT
// What the library uses of macOS's errno.h: its numbers.
#ifndef MAC_ERRNO_H
#define MAC_ERRNO_H

extern int *__error(void);
#define errno (*__error())

enum {
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    EACCES = 13,
    ENOMEM = 12,
    EFAULT = 14,
    EEXIST = 17,
    ENODEV = 19,
    EINVAL = 22,
    ENOSPC = 28,
    EROFS = 30,
    EAGAIN = 35,
    ENOTSUP = 45,
    ENAMETOOLONG = 63,
    EDQUOT = 69,
    ENOSYS = 78,
    EOVERFLOW = 84,
};

#endif
