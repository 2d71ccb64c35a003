// SPDX-License-Identifier: MIT
// macOS: memory, sleeping, the process's own. There is no mremap: pages do not move, callers copy.
// The kernel's map has an entry for each range, and one for each 128 MiB of a larger one that can
// ever be accessed: 131,072 for 16 TiB, made by every process that starts. What never can be
// accessed is one entry, so that is what a reservation is, and a commit maps pages over it. So does
// a purge, since what it leaves has to read zero; os_macos_discard.c has the other way.
#include "os/os.h"
#include "base/bits.h"
#include "base/limits.h"
#include "os/fault.h"
#include "os/os_posix.h"

#include <errno.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysctl.h>
#include <unistd.h>

// Of libSystem since macOS 10.12, used by libc++ and others; in no header.
extern int __ulock_wait(uint32_t operation, void *address, uint64_t value, uint32_t timeout_us);
extern int __ulock_wake(uint32_t operation, void *address, uint64_t value);
enum { ULOCK_COMPARE_AND_WAIT = 1, ULOCK_NO_ERRNO = 0x01000000 };

int bp_os_map_pages(void *addr, size_t n_bytes, int prot, int flags, void **ret_addr)
{
    int saved = errno;
    void *mapped = mmap(addr, n_bytes, prot, MAP_PRIVATE | MAP_ANON | flags, -1, 0);
    if (mapped != MAP_FAILED)
        *ret_addr = mapped;
    return bp_os_outcome(saved, mapped == MAP_FAILED);
}

static int keep_closed(mach_vm_address_t *addr, size_t n_bytes, size_t align, int flags)
{
    return mach_vm_map(mach_task_self(), addr, n_bytes, align - 1, flags, MEMORY_OBJECT_NULL, 0, 0,
                       VM_PROT_NONE, VM_PROT_NONE, VM_INHERIT_COPY)
               ? ENOMEM
               : 0;
}

static int refuse_high(void *base, size_t n_bytes)
{
    if ((size_t)base + n_bytes <= BP_ADDRESS_MAX)
        return 0;
    bp_os_unmap(base, n_bytes);
    return ENOMEM;
}

int bp_os_reserve(size_t n_bytes, size_t align, void **ret_base)
{
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    mach_vm_address_t base = 0;
    if (!code)
        code = keep_closed(&base, n_bytes, align, VM_FLAGS_ANYWHERE);
    if (code)
        return code;
    *ret_base = (void *)(uintptr_t)base;
    return refuse_high(*ret_base, n_bytes);
}

int bp_os_reserve_openable(size_t n_bytes, size_t align, void **ret_base)
{
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    if (!code)
        code = bp_os_map_aligned(n_bytes, align, PROT_NONE, MAP_NORESERVE, ret_base);
    return code ? code : refuse_high(*ret_base, n_bytes);
}

int bp_os_commit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    void *same;
    return code ? code : bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED, &same);
}

int bp_os_protect_pages(void *addr, size_t n_bytes, int prot)
{
    int saved = errno;
    return bp_os_outcome(saved, mprotect(addr, n_bytes, prot) == -1);
}

// Nothing is charged on macOS before it is touched.
int bp_os_commit_lax(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    void *same;
    if (code)
        return code;
    return bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_NORESERVE, &same);
}

int bp_os_commit_try(size_t n_bytes)
{
    (void)n_bytes;
    return bp_os_injected_fault(BP_OS_ASK);
}

int bp_os_decommit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_DECOMMIT);
    mach_vm_address_t same = (uintptr_t)addr;
    return code ? code : keep_closed(&same, n_bytes, 1, VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE);
}

int bp_os_purge(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    void *same;
    return code ? code : bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED, &same);
}

int bp_os_renew(void *addr, size_t n_bytes)
{
    return bp_os_purge(addr, n_bytes);
}

int bp_os_map(size_t n_bytes, size_t align, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    return code
               ? code
               : bp_os_map_aligned(n_bytes, align, PROT_READ | PROT_WRITE, MAP_NORESERVE, ret_addr);
}

int bp_os_map_huge(size_t n_bytes, size_t align, void **ret_addr)
{
    (void)n_bytes, (void)align, (void)ret_addr;
    return ENOTSUP;
}

int bp_os_map_lax(size_t n_bytes, void **ret_addr)
{
    return bp_os_map(n_bytes, bp_os_page_bytes(), ret_addr);
}

int bp_os_empty_pages(void *addr, size_t n_bytes)
{
    return bp_os_purge(addr, n_bytes);
}

int bp_os_unmap_pages(void *addr, size_t n_bytes)
{
    int saved = errno;
    return bp_os_outcome(saved, munmap(addr, n_bytes) == -1);
}

// Shrinks in place; grows by copying.
int bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr)
{
    *ret_addr = addr;
    if (new_bytes <= old_bytes)
        return new_bytes == old_bytes
                   ? 0
                   : bp_os_unmap((char *)addr + new_bytes, old_bytes - new_bytes);
    int code = bp_os_map(new_bytes, bp_os_page_bytes(), ret_addr);
    if (code)
        return code;
    memcpy(*ret_addr, addr, old_bytes);
    bp_os_unmap(addr, old_bytes);
    return 0;
}

void bp_os_wait(bp_atomic_u32 *cell, uint32_t value)
{
    if (!bp_os_injected_fault(BP_OS_WAIT))
        __ulock_wait(ULOCK_COMPARE_AND_WAIT | ULOCK_NO_ERRNO, cell, value, 0);
}

void bp_os_wait_ms(bp_atomic_u32 *cell, uint32_t value, uint32_t timeout_ms)
{
    if (!bp_os_injected_fault(BP_OS_NAP))
        __ulock_wait(ULOCK_COMPARE_AND_WAIT | ULOCK_NO_ERRNO, cell, value, timeout_ms * 1000);
}

void bp_os_wake(bp_atomic_u32 *cell)
{
    __ulock_wake(ULOCK_COMPARE_AND_WAIT | ULOCK_NO_ERRNO, cell, 0);
}

int bp_os_barrier_all(void)
{
    return ENOSYS;
}

size_t bp_os_page_bytes(void)
{
    return (size_t)getpagesize();
}

bool bp_os_is_readable(const void *addr)
{
    (void)addr;
    return true;
}

uint64_t bp_os_random(void)
{
    static bp_atomic_size number; // the same in the whole process
    size_t fresh = 0;
    int saved = errno;
    if (!bp_load_relaxed(&number) && !bp_os_injected_fault(BP_OS_ASK) &&
        getentropy(&fresh, sizeof(fresh)) == 0)
        bp_store_relaxed(&number, fresh);
    errno = saved;
    return bp_load_relaxed(&number);
}

unsigned bp_os_cpu_count(void)
{
    int count = 0, saved = errno;
    size_t n_bytes = sizeof(count);
    bool failed = bp_os_injected_fault(BP_OS_ASK) ||
                  sysctlbyname("hw.activecpu", &count, &n_bytes, NULL, 0) != 0;
    errno = saved;
    return failed || count < 1 ? 1 : (unsigned)count;
}

void bp_os_quota_read(const char *root, struct bp_os_quota *ret_quota)
{
    (void)root;
    *ret_quota = (struct bp_os_quota){SIZE_MAX, bp_os_cpu_count()};
}

// The locks are taken by the zone's hooks, which libSystem calls after all handlers have run.
int bp_os_fork_register(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    return 0;
}
