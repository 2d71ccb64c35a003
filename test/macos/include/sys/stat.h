// SPDX-License-Identifier: MIT
// macOS's struct stat as far as the library reads it: the 64-bit inode layout.
#ifndef MAC_SYS_STAT_H
#define MAC_SYS_STAT_H

#include <stdint.h>

struct stat {
    int32_t st_dev;
    uint16_t st_mode, st_nlink;
    uint64_t st_ino;
    char others[128];
};
_Static_assert(sizeof(struct stat) == 144, "as Apple has it");
int fstat(int file, struct stat *ret_status);

#endif
