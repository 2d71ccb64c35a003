// SPDX-License-Identifier: MIT
// What the library uses of macOS's fcntl.h: its numbers.
#ifndef MAC_FCNTL_H
#define MAC_FCNTL_H

enum { O_WRONLY = 1, O_CREAT = 0x200, O_TRUNC = 0x400, O_CLOEXEC = 0x1000000 };
enum { F_DUPFD_CLOEXEC = 67 };

int open(const char *path, int flags, ...);
int fcntl(int file, int command, ...);

#endif
