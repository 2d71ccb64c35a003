// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header: what the library uses of it, by the documented values.
#pragma once
int *_errno(void);
#define errno     (*_errno())
#define ENOENT    2
#define EAGAIN    11
#define ENOMEM    12
#define EACCES    13
#define EINVAL    22
#define ENOSPC    28
#define ENOSYS    40
#define ENOTSUP   129
#define EOVERFLOW 132
