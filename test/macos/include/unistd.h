// SPDX-License-Identifier: MIT
// What the library uses of macOS's unistd.h.
#ifndef MAC_UNISTD_H
#define MAC_UNISTD_H

#include <stddef.h>

typedef long ssize_t;
enum { STDERR_FILENO = 2 };
int close(int file);
int getentropy(void *ret_bytes, size_t n_bytes);
ssize_t write(int file, const void *bytes, size_t n_bytes);
int getpid(void);
int getpagesize(void);
int issetugid(void);

#endif
