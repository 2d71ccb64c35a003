// SPDX-License-Identifier: MIT
// Shares: the addresses of class files (region/class_file.h), a reservation of its own for each
// class. They are made when first asked for, and stay for good; which there are may be asked
// without a lock.
#ifndef BP_REGION_CLASS_SHARE_H
#define BP_REGION_CLASS_SHARE_H

#include <stddef.h>
#include <stdint.h>

// NULL: there is none yet.
char *bp_share_base(unsigned region);
size_t bp_share_bytes(unsigned region);
size_t bp_share_slots(unsigned region);
// The class in whose share the pointer is, or BP_REGION_COUNT.
unsigned bp_share_of(const void *pointer);
// A share for the file, and a reserved table of records, one for each of its slots; 0 or an errno
// code. One thread at a time, once a class.
int bp_share_make(unsigned region, intptr_t file, size_t record_bytes, void **ret_table);

#endif
