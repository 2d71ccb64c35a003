// SPDX-License-Identifier: MIT
// Accesses that the system refuses (SIGSEGV, SIGBUS), seen before the program sees them.
// Invariants:
//  1. Whatever a trap was, the program gets it as if nobody had looked: its handler is called with
//     the same arguments, or the default action follows.
//  2. Who sets a handler after bp_os_trap_install takes the signals over; if it calls the one that
//     it found, traps are seen as before.
// The rules of os/os.h hold: 0 or an errno code, errno as it was.
#ifndef BP_OS_OS_TRAP_H
#define BP_OS_OS_TRAP_H

#include <stdint.h>

enum bp_os_access { BP_OS_ACCESS_UNKNOWN, BP_OS_ACCESS_READ, BP_OS_ACCESS_WRITE };

struct bp_os_trap {
    uintptr_t address; // that was accessed
    enum bp_os_access access;
    uintptr_t pc, sp, fp; // of the instruction; 0: not known on this processor
};

// seen runs in the signal handler, in the thread whose access it was. ENOSYS where there is no such
// thing.
int bp_os_trap_install(void (*seen)(const struct bp_os_trap *trap));

#endif
