// SPDX-License-Identifier: MIT
// Class files: slots of which the pages are a file's, so that the system can page them out without
// swap (after lgalloc's first design). Invariants:
//  1. Each power of two from 2^16 to 2^38 has one sparse file without a name, mapped once as a
//     whole over a reservation of its own, its share: no mapping per refill. Both are made when
//     first asked for; a share stays for good.
//  2. A slot's records are out of line. USED: held_bytes, at least usable_bytes, have space in the
//     file; space is had before the pages are, so a full disk is an error and not a signal.
//     DIRTY: free, holds space. CLEAN: free, reads zero, takes none. BUSY: in somebody's hands.
//  3. Dirty bytes stay within DIRTY_MIN_BYTES or a quarter of what is used: what exceeds it is
//     punched out of the file at once.
//  4. The pages are shared, so a child of fork gets none of them. With fork_copy set it gets files
//     of its own, copied before the fork; otherwise its part of each class begins behind the slots
//     that there were, which are inaccessible, and freeing one of those does nothing.
#ifndef BP_REGION_CLASS_FILE_H
#define BP_REGION_CLASS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

struct bp_file_census {
    size_t used_slots, used_bytes, dirty_slots, clean_slots;
    size_t file_bytes, allocated_bytes; // of the file: its length, and what it takes on the disk
    size_t allocs, frees, cleared_on_free, cleared_later, clear_failures;
};

// The folder of files that are not made yet, copied; NULL: files in memory. ENAMETOOLONG.
int bp_files_set_folder(const char *folder);
const char *bp_files_folder(void); // NULL: in memory
void bp_files_set_fork_copy(bool wanted);
bool bp_files_fork_copy(void);

// A slot for n_bytes, zeroed if asked. An errno code if it cannot be had: ENOMEM for a full disk or
// class too.
int bp_files_take(size_t n_bytes, bool zero, void **ret_object);
bool bp_files_owns(const void *pointer);
// pointer is in a class file. False: no object starts there.
bool bp_files_give(void *pointer, bool eagerly);
// 0: no object starts there, or it stayed with the parent of a fork.
size_t bp_files_usable(const void *pointer);
// Punches dirty slots of the class until so many bytes are released; returns how many were.
size_t bp_files_purge(unsigned region, size_t wanted_bytes);

// 0, or an errno code with the file's sizes 0.
int bp_files_census(unsigned region, struct bp_file_census *ret_census);

struct bp_lock *bp_files_lock(void);
// With the lock held.
void bp_files_before_fork(void);
void bp_files_after_fork(bool child);

#endif
