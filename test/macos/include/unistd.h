// SPDX-License-Identifier: MIT
// What the library uses of macOS's unistd.h.
#ifndef MAC_UNISTD_H
#define MAC_UNISTD_H

#include <stddef.h>

typedef long ssize_t;
enum { STDERR_FILENO = 2 };
ssize_t write(int file, const void *bytes, size_t n_bytes);
int getpagesize(void);
int issetugid(void);

#endif
