// SPDX-License-Identifier: MIT
// Ranges whose pages have any protection, and files behind pages: what the public regions stand
// on. The rules of os/os.h hold: 0 or an errno code, errno as it was, page-aligned addresses and
// sizes that are not 0. Pages go from reserved (no access, no charge) to committed and back.
#ifndef BP_OS_OS_MAP_H
#define BP_OS_OS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BP_OS_PROT_READ = 1, BP_OS_PROT_WRITE = 2, BP_OS_PROT_EXEC = 4, BP_OS_PROT_ALL = 7 };

// Addresses without memory. lax: what is committed there is never charged, if the system can.
int bp_os_range_reserve(size_t n_bytes, size_t align, bool lax, void **ret_base);
// Commits pages, or changes the protection of committed ones.
int bp_os_range_protect(void *addr, size_t n_bytes, unsigned prot);
// committed -> reserved; contents, charge and mapped files are gone.
int bp_os_range_release(void *addr, size_t n_bytes, bool lax);
// What a protection amounts to on this system.
unsigned bp_os_effective_prot(unsigned prot);
// Puts memory behind committed, readable pages; their contents stay. May keep to reading if they
// are not writable.
int bp_os_populate(void *addr, size_t n_bytes, bool writable);
// A hint: these pages will be read soon.
int bp_os_prefetch(void *addr, size_t n_bytes);
// Children of fork get no mapping there.
int bp_os_keep_from_fork(void *addr, size_t n_bytes);
uint64_t bp_os_process_id(void);

// A file, opened or made (for its owner alone) if it is to be writable. A handle is not negative.
int bp_os_file_open(const char *path, bool writable, intptr_t *ret_file);
// A file without a name in a folder; folder NULL: one in memory.
int bp_os_file_temporary(const char *folder, intptr_t *ret_file);
int bp_os_file_close(intptr_t file);
int bp_os_file_size(intptr_t file, size_t *ret_bytes);
// EBUSY where a file that is mapped cannot be cut (Windows).
int bp_os_file_cut(intptr_t file, size_t n_bytes);
// Space on the disk for these bytes; the file becomes as long. Nothing here needs to be aligned.
int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes);
// These bytes read zero and take no space.
int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes);
// The reservation at *base is to hold pages of this file, from its beginning, and of no other;
// nobody may have its address yet, which can become another one. Windows maps all of it here, and
// the file, sparse, is as long while it is mapped; elsewhere nothing happens. After a failure *base
// is still reserved, or NULL.
int bp_os_file_attach(intptr_t file, size_t n_bytes, size_t align, bool writable, void **base);
// Maps the file's bytes over a range that is attached to it; offset as aligned as addr.
int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot);
// Writes changed pages of a mapped file to the disk and waits.
int bp_os_file_sync(intptr_t file, void *addr, size_t n_bytes);

#endif
