// SPDX-License-Identifier: MIT
// What the library uses of macOS's mach/mach.h.
#ifndef MAC_MACH_MACH_H
#define MAC_MACH_MACH_H

#include <stddef.h>

extern unsigned mach_task_self_;
#define mach_task_self() mach_task_self_
extern size_t vm_kernel_page_size; // mach/vm_page_size.h
enum { KERN_SUCCESS = 0 };

#endif
