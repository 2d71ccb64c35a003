// SPDX-License-Identifier: MIT
// What the secure library asks of the system beyond os/os.h, by the same rules: 0 or an errno code,
// errno as it was, page-aligned addresses and sizes.
#ifndef BP_OS_OS_GUARD_H
#define BP_OS_OS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Random bytes from the kernel, or from what the loader was given where a sandbox refuses them.
void bp_os_entropy(uint64_t *words, unsigned count);
// These committed pages cannot be touched any more, and their contents are gone. Guards are marks
// in the page tables where the kernel has them (Linux 6.13), or mappings of their own: of these
// there are only so many, and beyond them ENOMEM.
int bp_os_guard_install(void *addr, size_t n_bytes);
// They can, and read zero. Only for what one call has guarded.
int bp_os_guard_remove(void *addr, size_t n_bytes);
// What these committed pages hold stays, and nobody can touch it until they are uncovered.
int bp_os_cover(void *addr, size_t n_bytes);
int bp_os_uncover(void *addr, size_t n_bytes);
// A byte a page, of which the lowest bit says whether there is memory behind it; room for pages of
// 4 KiB, whatever the system's are.
int bp_os_residency(void *addr, size_t n_bytes, unsigned char *ret_pages);
// Marks, as far as the system has said: to set one twice does no harm. It may say otherwise later,
// of memory that is locked; what was marked until then is.
bool bp_os_guards_are_marks(void);
// Marks there were in these pages, if any, go; guards that are mappings stay.
int bp_os_guard_unmark(void *addr, size_t n_bytes);
// These pages can be read only, for good.
int bp_os_seal(void *addr, size_t n_bytes);
// fn runs with the thread's argument when a thread that has set one ends.
int bp_os_guard_exit_register(void (*fn)(void *));
int bp_os_guard_exit_arm(void *argument);
int bp_os_guard_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

#endif
