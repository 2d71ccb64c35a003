// SPDX-License-Identifier: MIT
// Scripts of the library's own functions.
#ifndef FAULT_PUBLIC_H
#define FAULT_PUBLIC_H

void public_slots(void); // needs class regions
void public_files(void); // needs none: files have shares of their own
void public_auto(void);
void public_stable(void);
void public_allocator(void);
void public_regions(void);

#endif
