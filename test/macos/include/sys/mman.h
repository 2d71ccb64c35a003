// SPDX-License-Identifier: MIT
// What the library uses of macOS's sys/mman.h: its numbers.
#ifndef MAC_SYS_MMAN_H
#define MAC_SYS_MMAN_H

#include <stddef.h>

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MADV_WILLNEED = 3, MADV_FREE_REUSABLE = 7, MADV_FREE_REUSE = 8 };
enum { MS_SYNC = 0x10, VM_INHERIT_NONE = 2 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_NORESERVE = 0x40, MAP_ANON = 0x1000 };
#define MAP_FAILED ((void *)-1)

void *mmap(void *addr, size_t n_bytes, int prot, int flags, int file, long long offset);
int madvise(void *addr, size_t n_bytes, int advice);
int minherit(void *addr, size_t n_bytes, int inherit);
int msync(void *addr, size_t n_bytes, int flags);
int munmap(void *addr, size_t n_bytes);
int mincore(const void *addr, size_t n_bytes, char *ret_pages);
int mprotect(void *addr, size_t n_bytes, int prot);

#endif
