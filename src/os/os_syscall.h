// SPDX-License-Identifier: MIT
// System calls that nobody stands in front of: programs' hooks (torsocks, libfaketime) replace
// libc's syscall(), and allocate in it. Otherwise as libc's: -1 and errno when it fails, else its
// value.
#ifndef BP_OS_SYSCALL_H
#define BP_OS_SYSCALL_H

long bp_os_syscall_of(long number, const long arguments[6]);

// A number and up to six arguments, integers or pointers. Each becomes a whole register, and those
// that are not there are 0: a list of no fixed types would leave either to chance.
#define bp_os_syscall(...) BP_OS_SYSCALL_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define BP_OS_SYSCALL_PADDED(number, a, b, c, d, e, f, ...)                                        \
    bp_os_syscall_of(                                                                              \
        number, (const long[6]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})

#endif
