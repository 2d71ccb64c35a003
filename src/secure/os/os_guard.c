// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "os/os_guard.h"

#include "base/atomics.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_posix.h"
#include "os/os_syscall.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    GUARD_INSTALL = 102, // MADV_GUARD_INSTALL, MADV_GUARD_REMOVE
    GUARD_REMOVE = 103,
    NONBLOCK = 1,         // GRND_NONBLOCK
    MAPPINGS_MAX = 16384, // each guard may split a mapping in three; a process may have 65,530
};

static bp_atomic_size mapped_count;     // guards that are mappings
static bp_atomic_u32 marks_are_missing; // the kernel said so
static bp_atomic_u32 marks_were_set;    // before it said so: locked memory has none
static struct bp_os_exit_key exit_key;

// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
static uint64_t mixed(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void bp_os_entropy(uint64_t *words, unsigned count)
{
    int saved = errno;
    uint64_t state = bp_os_random() ^ (uint64_t)(size_t)&state;
    memset(words, 0, count * sizeof(*words));
    if (!bp_os_injected_fault(BP_OS_ASK))
        bp_os_syscall(SYS_getrandom, words, count * sizeof(*words), NONBLOCK);
    for (unsigned i = 0; i < count; i++)
        words[i] ^= mixed(&state);
    errno = saved;
}

static int advise(void *addr, size_t n_bytes, int advice)
{
    int saved = errno;
    return bp_os_outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, advice) == -1);
}

static int protect(void *addr, size_t n_bytes, int protection)
{
    int saved = errno;
    return bp_os_outcome(saved, bp_os_syscall(SYS_mprotect, addr, n_bytes, protection) == -1);
}

int bp_os_guard_unmark(void *addr, size_t n_bytes)
{
    int refused = bp_os_injected_fault(BP_OS_GUARD);
    if (refused || !bp_load_u32_relaxed(&marks_were_set))
        return refused;
    return advise(addr, n_bytes, GUARD_REMOVE);
}

// What is locked cannot be dropped.
static int mapping_make(void *addr, size_t n_bytes)
{
    int code = bp_os_guard_unmark(addr, n_bytes);
    if (code)
        return code;
    if (advise(addr, n_bytes, MADV_DONTNEED))
        memset(addr, 0, n_bytes);
    return protect(addr, n_bytes, PROT_NONE);
}

static int mapping_install(void *addr, size_t n_bytes)
{
    if (bp_add_relaxed(&mapped_count, 1) >= MAPPINGS_MAX) {
        bp_sub_relaxed(&mapped_count, 1);
        return ENOMEM;
    }
    int code = mapping_make(addr, n_bytes);
    if (code)
        bp_sub_relaxed(&mapped_count, 1);
    return code;
}

static int mapping_remove(void *addr, size_t n_bytes)
{
    int code = protect(addr, n_bytes, PROT_READ | PROT_WRITE);
    if (!code)
        bp_sub_relaxed(&mapped_count, 1);
    return code;
}

static int mark_install(void *addr, size_t n_bytes)
{
    int code = advise(addr, n_bytes, GUARD_INSTALL);
    if (!code)
        bp_store_u32_relaxed(&marks_were_set, 1);
    if (code == EINVAL)
        bp_store_u32_relaxed(&marks_are_missing, 1);
    return code;
}

int bp_os_guard_install(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_GUARD);
    if (code)
        return code;
    if (!bp_load_u32_relaxed(&marks_are_missing))
        code = mark_install(addr, n_bytes);
    return bp_load_u32_relaxed(&marks_are_missing) ? mapping_install(addr, n_bytes) : code;
}

// Where both were set, what can be read without its mark was no mapping.
int bp_os_guard_remove(void *addr, size_t n_bytes)
{
    int code = bp_os_guard_unmark(addr, n_bytes);
    if (code || !bp_load_u32_relaxed(&marks_are_missing))
        return code;
    if (bp_load_u32_relaxed(&marks_were_set) && bp_os_is_readable(addr))
        return 0;
    return mapping_remove(addr, n_bytes);
}

bool bp_os_guards_are_marks(void)
{
    return !bp_load_u32_relaxed(&marks_are_missing);
}

int bp_os_cover(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_GUARD);
    return code ? code : protect(addr, n_bytes, PROT_NONE);
}

int bp_os_uncover(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_GUARD);
    return code ? code : protect(addr, n_bytes, PROT_READ | PROT_WRITE);
}

int bp_os_residency(void *addr, size_t n_bytes, unsigned char *ret_pages)
{
    int code = bp_os_injected_fault(BP_OS_GUARD);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, bp_os_syscall(SYS_mincore, addr, n_bytes, ret_pages) == -1);
}

int bp_os_seal(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_GUARD);
    return code ? code : protect(addr, n_bytes, PROT_READ);
}

int bp_os_guard_exit_register(void (*fn)(void *))
{
    return bp_os_exit_key_make(&exit_key, fn);
}

int bp_os_guard_exit_arm(void *argument)
{
    return bp_os_exit_key_set(&exit_key, argument);
}

int bp_os_guard_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    int code = bp_os_injected_fault(BP_OS_FORK), saved = errno;
    if (!code)
        code = pthread_atfork(prepare, parent, child);
    errno = saved;
    return code;
}
