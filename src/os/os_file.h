// SPDX-License-Identifier: MIT
// Of files (os/os_map.h), what class files and statistics need beside. The rules of os/os.h hold:
// 0 or an errno code, errno as it was, nothing allocated. A handle is not negative.
#ifndef BP_OS_OS_FILE_H
#define BP_OS_OS_FILE_H

#include <stddef.h>
#include <stdint.h>

// What the file takes on the disk.
int bp_os_file_allocated(intptr_t file, size_t *ret_bytes);
// Copies a range to the same place in another file.
int bp_os_file_copy(intptr_t from, intptr_t to, size_t offset_bytes, size_t n_bytes);

#endif
