// SPDX-License-Identifier: MIT
// What the library uses of macOS's fcntl.h: its numbers.
#ifndef MAC_FCNTL_H
#define MAC_FCNTL_H

enum {
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_CREAT = 0x200,
    O_TRUNC = 0x400,
    O_NOCTTY = 0x20000,
    O_CLOEXEC = 0x1000000,
};
enum { F_SETFD = 2, FD_CLOEXEC = 1, F_DUPFD_CLOEXEC = 67, F_PUNCHHOLE = 99 };
typedef struct fpunchhole {
    unsigned fp_flags, reserved;
    long long fp_offset, fp_length;
} fpunchhole_t;

int open(const char *path, int flags, ...);
int fcntl(int file, int command, ...);

#endif
