// SPDX-License-Identifier: MIT
// What the library uses of macOS's unistd.h.
#ifndef MAC_UNISTD_H
#define MAC_UNISTD_H

#include <stddef.h>

typedef long ssize_t;
typedef long long off_t;
enum { STDERR_FILENO = 2 };
int close(int file);
int ftruncate(int file, off_t n_bytes);
int unlink(const char *path);
ssize_t pread(int file, void *bytes, size_t n_bytes, off_t offset);
ssize_t pwrite(int file, const void *bytes, size_t n_bytes, off_t offset);
int getentropy(void *ret_bytes, size_t n_bytes);
ssize_t write(int file, const void *bytes, size_t n_bytes);
int getpid(void);
int getpagesize(void);
int issetugid(void);

#endif
