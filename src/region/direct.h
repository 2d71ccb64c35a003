// SPDX-License-Identifier: MIT
// Direct mappings: requests that nothing in the reservation holds get an mmap of their own.
// They are remembered in a hash table out of line; its lock is rank DIRECT. The mapping starts
// at the object and is as large as its usable bytes.
#ifndef BP_REGION_DIRECT_H
#define BP_REGION_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

struct bp_direct_entry {
    size_t address; // 0: empty
    size_t n_bytes;
    size_t stable_bytes; // of a stable object: what is in use of the n_bytes; 0: it is none
    size_t held_bytes;   // of a stable object: what may hold pages
    // Of an overflow span (region/overflow.h) alone:
    void *free_head;
    void *next, *prev; // spans of the class with room
    uint32_t used_count, fresh_count;
    uint32_t class_index; // 0: one object
    bool listed;
};

// Zeroed; NULL if memory has run out.
void *bp_direct_take(size_t n_bytes, size_t align);
// The same for n_bytes that can grow to max_bytes in place. What the system maps side by side it
// takes for one mapping, so these cost addresses, and no mapping each.
void *bp_direct_take_stable(size_t n_bytes, size_t max_bytes);
// What a stable object can grow to; 0 if the pointer is none.
size_t bp_direct_stable_max(const void *pointer);
// false if the pointer is none of ours.
bool bp_direct_give(void *pointer);
// Usable bytes, 0 if the pointer is none of ours.
size_t bp_direct_usable(const void *pointer);
// Whether the pointer is in one of ours, a span too: looks at all of them.
bool bp_direct_holds(const void *pointer);
// Bytes of a mapping that was one of ours lately and is none now; 0 for all other pointers.
size_t bp_direct_freed_bytes(const void *pointer);
// Resized, perhaps elsewhere, its contents kept; NULL (nothing changed) if memory has run out, or a
// stable object its maximum.
void *bp_direct_resize(void *pointer, size_t n_bytes);
struct bp_lock *bp_direct_lock(void);
// The entry that starts at the address, or NULL; entries move when others come and go.
struct bp_direct_entry *bp_direct_lookup_locked(const void *pointer);
// Place by place, for who looks at all of them; its address is 0 in an empty one. NULL: behind the
// last.
const struct bp_direct_entry *bp_direct_at_locked(size_t index);

#endif
