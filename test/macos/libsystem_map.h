// SPDX-License-Identifier: MIT
// The stand-in's kernel map: what XNU's vm_map would make of the library's calls (vm_map_enter,
// vm_map_clip_start, vm_object_coalesce, vm_map_fork, vm_map_reusable_pages, osfmk/vm). Invariants:
//  1. Entries are sorted and do not overlap. Each is of an object, or of none before it is touched;
//     parts of an entry that was cut have one object. What was mapped by others is not in it.
//  2. Pages that MADV_FREE_REUSABLE took cannot be touched before MADV_FREE_REUSE: the kernel would
//     let them be, but its books would be wrong. What they hold afterwards is as before, zero, or
//     neither. Where it has no effect they stay as they are.
// The caller of the functions that change it holds its lock, across the mapping itself too.
#ifndef MACOS_LIBSYSTEM_MAP_H
#define MACOS_LIBSYSTEM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void libsystem_map_take(void);
void libsystem_map_give(void);

// Something is mapped there now. closed: never to be accessed; file: its object is one.
void libsystem_map_enter(uintptr_t begin, size_t n_bytes, int prot, bool closed, bool file);
void libsystem_map_delete(uintptr_t begin, size_t n_bytes);
void libsystem_map_protect(uintptr_t begin, size_t n_bytes, int prot);
// Around a fork: all objects have another user from then on, in both processes.
void libsystem_map_fork(void);

// madvise and mach_vm_region; an errno code of macOS, a mach code.
int libsystem_map_reusable(uintptr_t begin, size_t n_bytes);
int libsystem_map_reuse(uintptr_t begin, size_t n_bytes);
bool libsystem_map_is_discarded(uintptr_t address);
int libsystem_map_region(uint64_t *address, uint64_t *ret_bytes, unsigned char *ret_mode);

// --- for tests; these take the lock ---

struct libsystem_map_facts {
    size_t entries, peak_entries; // of them or of all there were
    size_t discarded_bytes;       // taken and not in use again
    size_t taken, vain, reused;   // calls: with effect, without, back
};
struct libsystem_map_facts libsystem_map_facts(void);
// The children of all forks are gone, and pages were written to since.
void libsystem_map_alone(void);
extern size_t libsystem_kernel_page; // vm_kernel_page_size

#endif
