// SPDX-License-Identifier: MIT
// What the library uses of macOS's errno.h: its numbers.
#ifndef MAC_ERRNO_H
#define MAC_ERRNO_H

extern int *__error(void);
#define errno (*__error())

#define EPERM        1
#define ENOENT       2
#define EINTR        4
#define EIO          5
#define EBADF        9
#define ENOMEM       12
#define EACCES       13
#define EFAULT       14
#define EBUSY        16
#define EEXIST       17
#define ENODEV       19
#define ENOTDIR      20
#define EISDIR       21
#define EINVAL       22
#define ENFILE       23
#define EMFILE       24
#define ETXTBSY      26
#define EFBIG        27
#define ENOSPC       28
#define ESPIPE       29
#define EROFS        30
#define EPIPE        32
#define ERANGE       34
#define EAGAIN       35
#define ENOTSUP      45
#define ELOOP        62
#define ENAMETOOLONG 63
#define EDQUOT       69
#define ESTALE       70
#define ENOSYS       78
#define EOVERFLOW    84

#endif
