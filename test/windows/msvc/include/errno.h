// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header: what the library uses of it, by the documented values.
#pragma once
int *_errno(void);
#define errno        (*_errno())
#define EACCES       13
#define EAGAIN       11
#define EBUSY        16
#define EEXIST       17
#define EFAULT       14
#define EFBIG        27
#define EINVAL       22
#define EISDIR       21
#define ELOOP        114
#define EMFILE       24
#define ENAMETOOLONG 38
#define ENFILE       23
#define ENODEV       19
#define ENOENT       2
#define ENOMEM       12
#define ENOSPC       28
#define ENOSYS       40
#define ENOTDIR      20
#define ENOTSUP      129
#define EOVERFLOW    132
#define EPERM        1
#define ERANGE       34
#define EROFS        30
#define ETXTBSY      139
#define EIO          5
