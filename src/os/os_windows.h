// SPDX-License-Identifier: MIT
// What the Windows files of this layer share, and ranges that a file is behind. The rules of os.h
// hold here too.
#ifndef BP_OS_OS_WINDOWS_H
#define BP_OS_OS_WINDOWS_H

#include "base/atomics.h"

#include <stdbool.h>
#include <stddef.h>

// A function of kernel32 that not every Windows has, remembered, or NULL.
void *bp_os_kernel_function(bp_atomic_ptr *cell, const char *name);
// Wine keeps the contract too, but not at the same prices.
bool bp_os_is_wine(void);

// A range that a file in the folder is behind: sparse where the file system can, gone with the last
// handle however the process ends. Reads zero; to write to it costs no commit charge. Sizes in
// bytes; 0 or an errno code. A slot of it cannot be given back alone.
struct bp_os_file {
    size_t handle;
    void *base;
    size_t n_bytes;
};
int bp_os_file_map(const char *folder, size_t n_bytes, struct bp_os_file *ret_file);
int bp_os_file_unmap(struct bp_os_file *file);

#endif
