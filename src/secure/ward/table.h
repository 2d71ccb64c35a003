// SPDX-License-Identifier: MIT
// Objects that are not small: those with pages of their own, and those of no bytes. Invariants:
//  1. A paged object stands between two guards, in a request to the class regions that is longer by
//     them. The table says where that begins; nothing of it stands beside the object.
//  2. A paged object that was freed waits for others before its addresses are used again. Its pages
//     were cleared and stay, up to 8 MiB of all, or are gone; either way they read zero. Above 128
//     KiB they cannot be touched until then; below, they are held against zero.
//  3. What has waited and kept its pages becomes the next object of its class, between the guards
//     that it has: the one behind it moves if the sizes differ.
//  4. An object of no bytes is an address in a range that cannot be touched.
// Under a lock of rank WARD_TABLE, which is not held across calls to the layers below.
#ifndef BP_WARD_TABLE_H
#define BP_WARD_TABLE_H

#include "thread/large.h"
#include "ward/tag.h"

struct bp_lock;

struct bp_paged {
    char *object; // NULL: no entry
    char *begin;  // of what was requested
    size_t n_bytes;
    enum bp_kind kind;
    bool front, rear; // guards that there are
    bool kept;        // freed: its pages stay, and read zero
    bool dropped;     // freed: its pages are gone
    bool covered;     // freed: nobody can touch it
};

bool bp_table_insert(struct bp_paged entry);
// Takes the object's entry out; false: there is none.
bool bp_table_remove(const void *object, struct bp_paged *ret_entry);
// The entry of its object is this one from here on, if there is one.
void bp_table_change(const struct bp_paged *entry);

void *bp_paged_alloc(size_t n_bytes, size_t align, bool zero);
// BP_INVALID: not in the table; nothing was done.
enum bp_verdict bp_paged_free(void *object);
bool bp_paged_find(const void *object, struct bp_paged *ret_entry);
bool bp_paged_mark(const void *object, enum bp_kind kind);
// In place, or false.
bool bp_paged_resize(void *object, size_t n_bytes);
// What waits goes to the class regions, all of it.
void bp_paged_flush(void);
// What waits loses the pages that it keeps, and goes on waiting; what has waited goes to the class
// regions. Returns the bytes that the former had.
size_t bp_paged_trim(void);

void *bp_empty_alloc(void);
bool bp_empty_owns(const void *object);
bool bp_empty_is_used(const void *object);
void bp_empty_free(void *object);

struct bp_lock *bp_ward_table_lock(void);

#endif
