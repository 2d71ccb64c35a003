// SPDX-License-Identifier: MIT
// System calls that nobody stands in front of: programs' hooks (torsocks, libfaketime) replace
// libc's syscall(), and allocate in it. Otherwise as libc's: -1 and errno when it fails, else its
// value.
#ifndef BP_OS_SYSCALL_H
#define BP_OS_SYSCALL_H

long bp_os_syscall(long number, ...);

#endif
