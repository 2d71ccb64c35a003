// SPDX-License-Identifier: MIT
// What the library uses of macOS's mach/mach.h.
#ifndef MAC_MACH_MACH_H
#define MAC_MACH_MACH_H

extern unsigned mach_task_self_;
#define mach_task_self() mach_task_self_

#endif
