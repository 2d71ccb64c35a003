// SPDX-License-Identifier: MIT
// Linux: what the loader says about the process, fork, functions of others.
#define _GNU_SOURCE
#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_syscall.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

// Weak, so that a static program without it links: it has no next definition.
#pragma weak dlsym

size_t bp_os_page_bytes(void)
{
    enum { UNKNOWN = 1 }; // not 0: many processes are short, and a page of zeros costs two faults
    static bp_atomic_size page_bytes = UNKNOWN;
    size_t known = bp_load_relaxed(&page_bytes);
    if (known == UNKNOWN) {
        known = (size_t)getauxval(AT_PAGESZ);
        bp_store_relaxed(&page_bytes, known);
    }
    return known;
}

unsigned bp_os_cpu_count(void)
{
    cpu_set_t set = {0}; // the kernel writes only as much as it has
    int saved = errno;
    bool failed = bp_os_injected_fault(BP_OS_ASK) ||
                  bp_os_syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) == -1;
    errno = saved;
    return failed ? 1 : (unsigned)CPU_COUNT(&set);
}

// Does the stack end where it ends if nothing is randomised? on_stack: near its end. Otherwise it
// ends up to 16 GiB below that.
static bool is_stack_fixed(const void *on_stack)
{
    return BP_ADDRESS_MAX - (size_t)on_stack < 16 * BP_MIB;
}

// The loader has 16 random bytes for every process: no call that a sandbox could refuse. They are
// also the stack protector's, so what leaves here does not tell what they were.
uint64_t bp_os_random(void)
{
    const char *seed = (const char *)getauxval(AT_RANDOM);
    uint64_t words[2];
    if (!seed || is_stack_fixed(seed))
        return 0;
    memcpy(words, seed, sizeof(words));
    uint64_t mixed = (words[0] ^ words[1] >> 29) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 32 ^ words[1]) * 0xd6e8feb86659fd93u;
    return mixed ^ mixed >> 32;
}

// glibc's list of streams. fork takes it after the handlers have run; a thread that holds it may
// wait for a stream whose owner waits for us. So it is ours to take first.
extern void _IO_list_lock(void);
extern void _IO_list_unlock(void);
extern void _IO_list_resetlock(void);
#pragma weak _IO_list_lock
#pragma weak _IO_list_unlock
#pragma weak _IO_list_resetlock

static void nothing(void)
{
}

static struct {
    void (*prepare)(void), (*parent)(void), (*child)(void);
} on_fork = {nothing, nothing, nothing};

static void fork_prepare(void)
{
    if (_IO_list_lock)
        _IO_list_lock();
    on_fork.prepare();
}

static void fork_parent(void)
{
    on_fork.parent();
    if (_IO_list_unlock)
        _IO_list_unlock();
}

static void fork_child(void)
{
    on_fork.child();
    if (_IO_list_resetlock)
        _IO_list_resetlock();
}

int bp_os_fork_register(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    int code = bp_os_injected_fault(BP_OS_FORK), saved = errno;
    on_fork.prepare = prepare;
    on_fork.parent = parent;
    on_fork.child = child;
    if (!code)
        code = pthread_atfork(fork_prepare, fork_parent, fork_child);
    errno = saved;
    return code;
}

void *bp_os_next_function(const char *name)
{
    int saved = errno;
    bool asks = dlsym && !bp_os_injected_fault(BP_OS_ASK);
    void *function = asks ? dlsym(RTLD_NEXT, name) : NULL;
    errno = saved;
    return function;
}
