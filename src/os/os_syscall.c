// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "os/os_syscall.h"

#include <errno.h>
#include <unistd.h>

#if defined(__x86_64__)
static long enter_kernel(long number, const long *a)
{
    long value;
    __asm__ volatile("movq %5, %%r10\n\tmovq %6, %%r8\n\tmovq %7, %%r9\n\tsyscall"
                     : "=a"(value)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "rm"(a[3]), "rm"(a[4]),
                       "rm"(a[5])
                     : "rcx", "r8", "r9", "r10", "r11", "memory");
    return value;
}
#elif defined(__aarch64__)
static long enter_kernel(long number, const long *a)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a[0];
    register long x1 __asm__("x1") = a[1];
    register long x2 __asm__("x2") = a[2];
    register long x3 __asm__("x3") = a[3];
    register long x4 __asm__("x4") = a[4];
    register long x5 __asm__("x5") = a[5];
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
static long enter_kernel(long number, const long *a)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a[0];
    register long a1 __asm__("a1") = a[1];
    register long a2 __asm__("a2") = a[2];
    register long a3 __asm__("a3") = a[3];
    register long a4 __asm__("a4") = a[4];
    register long a5 __asm__("a5") = a[5];
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}
#else
static long enter_kernel(long number, const long *a)
{
    long value = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return value == -1 ? -errno : value;
}
#endif

static long answer(long value)
{
    if (value >= 0 || value < -4095)
        return value;
    int saved = (int)-value;
    errno = saved; // as libc's does: the layer's functions look at it, and put the caller's back
    return -1;
}

long bp_os_syscall_of(long number, const long arguments[6])
{
    return answer(enter_kernel(number, arguments));
}
