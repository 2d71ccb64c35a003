// SPDX-License-Identifier: MIT
// Linux: memory and futexes. What only takes address space goes straight to the kernel, so that
// a hook on mmap cannot call back into us; what gives pages away goes through libc, because
// programs that pin memory (RDMA) watch it there.
#define _GNU_SOURCE
#include "base/bits.h"
#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_posix.h"
#include "os/os_syscall.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// As the kernel's headers have them, which not every C library comes with.
enum {
    FUTEX_WAIT_PRIVATE = 0 | 128,
    FUTEX_WAKE_PRIVATE = 1 | 128,
    MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3,
    MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
};

#if !defined(PR_SET_VMA)
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#if !defined(MAP_FIXED_NOREPLACE)
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#if !defined(MREMAP_DONTUNMAP)
#define MREMAP_DONTUNMAP 4
#endif
#if !defined(MAP_FIXED_NOREPLACE)
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PLACES_BEGIN (33 * BP_TIB)
#define PLACES_END   (80 * BP_TIB)

int bp_os_unmap_pages(void *addr, size_t n_bytes)
{
    int saved = errno;
    return bp_os_outcome(saved, bp_os_syscall(SYS_munmap, addr, n_bytes) == -1);
}

int bp_os_protect_pages(void *addr, size_t n_bytes, int prot)
{
    int saved = errno;
    return bp_os_outcome(saved, bp_os_syscall(SYS_mprotect, addr, n_bytes, prot) == -1);
}

int bp_os_map_pages(void *addr, size_t n_bytes, int prot, int flags, void **ret_addr)
{
    int saved = errno;
    long mapped =
        bp_os_syscall(SYS_mmap, addr, n_bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0L);
    if (mapped != -1)
        *ret_addr = (void *)mapped;
    return bp_os_outcome(saved, mapped == -1);
}

// A place of its own, which the kernel's, near all libraries, is not: one of 2^15 for 16 TiB. Above
// what Go, GHC and the JVM's collectors want, below where programs are loaded.
static int map_at_random(size_t n_bytes, size_t align, void **ret_addr)
{
    uint64_t random = bp_os_random();
    size_t room = PLACES_END - PLACES_BEGIN - bp_min(n_bytes, PLACES_END - PLACES_BEGIN);
    if (!random || !align || room < align)
        return EAGAIN;
    size_t place = PLACES_BEGIN + (size_t)(random >> 16) % (room / align) * align;
    int code = bp_os_map_pages((void *)place, n_bytes, PROT_NONE, MAP_FIXED_NOREPLACE, ret_addr);
    if (!code && *ret_addr != (void *)place) { // before Linux 4.17
        bp_os_drop_pages(*ret_addr, n_bytes);
        code = EEXIST;
    }
    return code;
}

int bp_os_reserve(size_t n_bytes, size_t align, void **ret_base)
{
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    if (!code && map_at_random(n_bytes, align, ret_base))
        code = bp_os_map_aligned(n_bytes, align, PROT_NONE, 0, ret_base);
    if (!code && (size_t)*ret_base + n_bytes > BP_ADDRESS_MAX) {
        bp_os_drop_pages(*ret_base, n_bytes);
        return ENOMEM;
    }
    return code;
}

int bp_os_reserve_openable(size_t n_bytes, size_t align, void **ret_base)
{
    return bp_os_reserve(n_bytes, align, ret_base);
}

int bp_os_commit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    return code ? code : bp_os_protect_pages(addr, n_bytes, PROT_READ | PROT_WRITE);
}

static const int address_limits[] = {RLIMIT_AS, RLIMIT_DATA};

// Maps with the soft limits on addresses out of the way, for as long as it takes.
static bool map_unlimited(void *addr, size_t n_bytes, int prot)
{
    struct rlimit was[2], open[2];
    void *same;
    for (int i = 0; i < 2; i++) {
        if (getrlimit(address_limits[i], &was[i]))
            return false;
        open[i] = (struct rlimit){was[i].rlim_max, was[i].rlim_max};
        setrlimit(address_limits[i], &open[i]);
    }
    int code = bp_os_map_pages(addr, n_bytes, prot, MAP_FIXED, &same);
    for (int i = 0; i < 2; i++)
        setrlimit(address_limits[i], &was[i]);
    return code == 0;
}

// Maps again what a call unmapped before it failed: others could map there, or the program was
// given it already. A limit that was lowered in between would refuse that, and who lowers it may do
// so more than once.
static void map_back(void *addr, size_t n_bytes, int prot)
{
    static const char line[] = "bumpalloc: cannot map again what the system unmapped\n";
    enum { TRIES = 1000 };
    int saved = errno;
    void *same;
    for (int i = 0; i < TRIES; i++) {
        if (!bp_os_map_pages(addr, n_bytes, prot, MAP_FIXED, &same) ||
            map_unlimited(addr, n_bytes, prot)) {
            errno = saved;
            return;
        }
        bp_os_yield();
    }
    bp_os_write_error(line, sizeof(line) - 1);
    bp_os_abort();
}

// mmap may have unmapped the range before it fails.
int bp_os_commit_lax(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    int flags = MAP_FIXED | MAP_NORESERVE;
    void *same;
    if (!code)
        code = bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, flags, &same);
    if (code)
        map_back(addr, n_bytes, PROT_NONE);
    return code;
}

// Room for a moment.
static int scratch_map(size_t n_bytes, void **ret_scratch)
{
    int code = bp_os_injected_fault(BP_OS_ASK);
    return code ? code : bp_os_map_pages(NULL, n_bytes, PROT_READ | PROT_WRITE, 0, ret_scratch);
}

int bp_os_commit_try(size_t n_bytes)
{
    void *scratch = NULL;
    int code = scratch_map(n_bytes, &scratch);
    if (!code)
        bp_os_drop_pages(scratch, n_bytes);
    return code;
}

int bp_os_decommit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_DECOMMIT);
    void *same;
    if (code)
        return code;
    return bp_os_map_pages(addr, n_bytes, PROT_NONE, MAP_FIXED, &same);
}

int bp_os_purge(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, madvise(addr, n_bytes, MADV_DONTNEED) == -1);
}

int bp_os_empty_pages(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, MADV_DONTNEED) == -1);
}

int bp_os_renew(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    void *same;
    if (code)
        return code;
    return bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED, &same);
}

int bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    *ret_zero = true;
    return bp_os_purge(addr, n_bytes);
}

void bp_os_reuse(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
}

bool bp_os_can_move(void)
{
    return true;
}

static int move_pages(void *dst, void *src, size_t n_bytes)
{
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    int saved = errno;
    return bp_os_outcome(saved, mremap(src, n_bytes, n_bytes, flags, dst) == MAP_FAILED);
}

static bool is_mapped(void *addr, size_t n_bytes)
{
    void *other = NULL;
    int code = bp_os_map_pages(addr, n_bytes, PROT_NONE, MAP_FIXED_NOREPLACE, &other);
    if (!code)
        bp_os_drop_pages(other, n_bytes);
    return code == EEXIST;
}

enum moves { MOVES_UNKNOWN, MOVES_NONE, MOVES_PIECE, MOVES_PIECES };

// qemu-user passes a move on, and forgets that the source stays. Linux before 6.17 does not move
// several mappings at once.
static enum moves moves_try(char *four_pages, size_t page)
{
    char *at = four_pages;
    if (move_pages(at + 2 * page, at, page) || !is_mapped(at, page))
        return MOVES_NONE;
    bp_os_syscall(SYS_mprotect, at + page, page, PROT_READ);
    return move_pages(at + 2 * page, at, 2 * page) ? MOVES_PIECE : MOVES_PIECES;
}

// What this system moves: tried once.
static enum moves moves_known(void)
{
    static bp_atomic_u32 known;
    size_t page = bp_os_page_bytes();
    void *scratch = NULL;
    enum moves answer = (enum moves)bp_load_u32_relaxed(&known);
    if (answer != MOVES_UNKNOWN)
        return answer;
    if (scratch_map(4 * page, &scratch))
        return MOVES_NONE;
    answer = moves_try(scratch, page);
    bp_os_drop_pages(scratch, 4 * page);
    bp_store_u32_relaxed(&known, answer);
    return answer;
}

// mremap unmaps dst before it makes its last checks. What limits could refuse is therefore tried
// on a scratch mapping first, and a dst that was lost all the same is mapped again.
int bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece)
{
    void *scratch = NULL;
    int saved = errno;
    if (moves_known() < (one_piece ? MOVES_PIECE : MOVES_PIECES))
        return EFAULT;
    int code = scratch_map(n_bytes, &scratch);
    if (code)
        return code;
    code = bp_os_injected_fault(BP_OS_MOVE);
    if (code)
        bp_os_unmap_pages(dst, n_bytes); // as the kernel would
    else
        code = move_pages(dst, src, n_bytes);
    bp_os_drop_pages(scratch, n_bytes); // first: what it was charged is needed
    if (code)
        map_back(dst, n_bytes, PROT_READ | PROT_WRITE);
    errno = saved;
    return code;
}

int bp_os_map(size_t n_bytes, size_t align, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (code)
        return code;
    return bp_os_map_aligned(n_bytes, align, PROT_READ | PROT_WRITE, 0, ret_addr);
}

int bp_os_map_huge(size_t n_bytes, size_t align, void **ret_addr)
{
    (void)n_bytes, (void)align, (void)ret_addr;
    return ENOTSUP;
}

int bp_os_map_lax(size_t n_bytes, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (code)
        return code;
    return bp_os_map_pages(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_NORESERVE, ret_addr);
}

int bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    void *moved = mremap(addr, old_bytes, new_bytes, MREMAP_MAYMOVE);
    if (moved != MAP_FAILED)
        *ret_addr = moved;
    return bp_os_outcome(saved, moved == MAP_FAILED);
}

void bp_os_name(void *addr, size_t n_bytes)
{
    int saved = errno;
    if (!bp_os_injected_fault(BP_OS_ADVISE))
        bp_os_syscall(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, addr, n_bytes, "bumpalloc");
    errno = saved;
}

void bp_os_dump(void *addr, size_t n_bytes, bool wanted)
{
    int saved = errno;
    if (!bp_os_injected_fault(BP_OS_ADVISE))
        bp_os_syscall(SYS_madvise, addr, n_bytes, wanted ? MADV_DODUMP : MADV_DONTDUMP);
    errno = saved;
}

void bp_os_huge(void *addr, size_t n_bytes, bool wanted)
{
    int saved = errno;
    if (!bp_os_injected_fault(BP_OS_ADVISE))
        bp_os_syscall(SYS_madvise, addr, n_bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    errno = saved;
}

void bp_os_wait(bp_atomic_u32 *cell, uint32_t value)
{
    int saved = errno;
    if (!bp_os_injected_fault(BP_OS_WAIT))
        bp_os_syscall(SYS_futex, cell, FUTEX_WAIT_PRIVATE, value, (void *)NULL, (void *)NULL, 0);
    errno = saved;
}

void bp_os_wait_ms(bp_atomic_u32 *cell, uint32_t value, uint32_t timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    int saved = errno;
    if (!bp_os_injected_fault(BP_OS_NAP))
        bp_os_syscall(SYS_futex, cell, FUTEX_WAIT_PRIVATE, value, &timeout, (void *)NULL, 0);
    errno = saved;
}

// Registered when first used: that alone makes later calls cheap, and programs that never need
// it pay nothing.
int bp_os_barrier_all(void)
{
    int code = bp_os_injected_fault(BP_OS_BARRIER);
    int saved = errno;
    if (code)
        return code;
    bool failed = bp_os_syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0) == -1;
    if (failed && errno == EPERM) {
        bp_os_syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0);
        failed = bp_os_syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0) == -1;
    }
    return bp_os_outcome(saved, failed);
}

void bp_os_wake(bp_atomic_u32 *cell)
{
    int saved = errno;
    bp_os_syscall(SYS_futex, cell, FUTEX_WAKE_PRIVATE, 1, (void *)NULL, (void *)NULL, 0);
    errno = saved;
}
