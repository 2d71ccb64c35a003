// SPDX-License-Identifier: MIT
// macOS's struct stat as far as the library reads it: the 64-bit inode layout.
#ifndef MAC_SYS_STAT_H
#define MAC_SYS_STAT_H

#include <stdint.h>

struct stat {
    int32_t st_dev;
    uint16_t st_mode, st_nlink;
    uint64_t st_ino;
    uint32_t st_uid, st_gid;
    int32_t st_rdev;
    long times[8];
    long long st_size, st_blocks;
    char others[32];
};
_Static_assert(sizeof(struct stat) == 144, "as Apple has it");
#define S_ISREG(mode) (((mode)&0170000) == 0100000)
enum { S_IRUSR = 0400, S_IWUSR = 0200 };
#if defined(__x86_64__) // the plain name is that of 32-bit inodes there
int fstat(int file, struct stat *ret_status) __asm__("_fstat$INODE64");
#else
int fstat(int file, struct stat *ret_status);
#endif

#endif
