// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "os/os_trap.h"

#include "os/fault.h"
#include "os/os_syscall.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static struct sigaction before[2]; // of SIGSEGV and SIGBUS
static void (*seen_by)(const struct bp_os_trap *trap);

static struct sigaction *before_of(int number)
{
    return &before[number == SIGBUS];
}

#if defined(__x86_64__)
static struct bp_os_trap trap_of(const siginfo_t *info, const ucontext_t *context)
{
    const greg_t *g = context->uc_mcontext.gregs;
    enum { ERROR_WRITE = 2 }; // of a page fault's error code (Intel SDM 3, 4.7)
    return (struct bp_os_trap){
        .address = (uintptr_t)info->si_addr,
        .access = g[REG_ERR] & ERROR_WRITE ? BP_OS_ACCESS_WRITE : BP_OS_ACCESS_READ,
        .pc = (uintptr_t)g[REG_RIP],
        .sp = (uintptr_t)g[REG_RSP],
        .fp = (uintptr_t)g[REG_RBP],
    };
}
#elif defined(__aarch64__)
static struct bp_os_trap trap_of(const siginfo_t *info, const ucontext_t *context)
{
    enum { FRAME_POINTER = 29 };
    return (struct bp_os_trap){
        .address = (uintptr_t)info->si_addr,
        .pc = context->uc_mcontext.pc,
        .sp = context->uc_mcontext.sp,
        .fp = context->uc_mcontext.regs[FRAME_POINTER],
    };
}
#else
static struct bp_os_trap trap_of(const siginfo_t *info, const ucontext_t *context)
{
    (void)context;
    return (struct bp_os_trap){.address = (uintptr_t)info->si_addr};
}
#endif

// A signal that somebody sent comes once; what an instruction did comes again when we return.
static bool was_sent(const siginfo_t *info)
{
    return info->si_code <= 0;
}

static void send_again(int number)
{
    bp_os_syscall(SYS_tgkill, (long)getpid(), bp_os_syscall(SYS_gettid), (long)number);
}

// The disposition that there was before takes effect when the handler returns.
static void step_aside(int number, const siginfo_t *info)
{
    const struct sigaction *old = before_of(number);
    if (old->sa_handler == SIG_IGN && was_sent(info))
        return;
    sigaction(number, old, NULL);
    if (was_sent(info))
        send_again(number);
}

// As the kernel would have called it. The mask ends with our own handler, or with a jump out of it.
static void call_on(int number, siginfo_t *info, void *context)
{
    struct sigaction old = *before_of(number);
    if (old.sa_flags & (int)SA_RESETHAND) {
        before_of(number)->sa_handler = SIG_DFL;
        before_of(number)->sa_flags &= ~(SA_RESETHAND | SA_SIGINFO);
    }
    if (!(old.sa_flags & SA_NODEFER))
        sigaddset(&old.sa_mask, number);
    else
        pthread_sigmask(SIG_SETMASK, &((ucontext_t *)context)->uc_sigmask, NULL);
    pthread_sigmask(SIG_BLOCK, &old.sa_mask, NULL);
    if (old.sa_flags & SA_SIGINFO)
        old.sa_sigaction(number, info, context);
    else
        old.sa_handler(number);
}

static void handle(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    const struct sigaction *old = before_of(number);
    struct bp_os_trap trap = trap_of(info, context);
    if (!was_sent(info))
        seen_by(&trap);
    bool calls =
        old->sa_flags & SA_SIGINFO || (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN);
    if (calls)
        call_on(number, info, context);
    else
        step_aside(number, info);
    errno = saved;
}

// On the thread's other stack, if it has one: who overflowed its stack has no room left.
static int install(int number)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    ours.sa_sigaction = handle;
    sigemptyset(&ours.sa_mask);
    int code = bp_os_injected_fault(BP_OS_TRAP);
    if (code)
        return code;
    return sigaction(number, NULL, before_of(number)) || sigaction(number, &ours, NULL) ? errno : 0;
}

int bp_os_trap_install(void (*seen)(const struct bp_os_trap *trap))
{
    int saved = errno;
    seen_by = seen;
    int code = install(SIGSEGV);
    if (!code)
        code = install(SIGBUS);
    errno = saved;
    return code;
}
