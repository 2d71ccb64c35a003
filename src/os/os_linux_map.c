// SPDX-License-Identifier: MIT
// Linux: protections and files. Raw system calls where os_linux.c has them, for its reasons.
#define _GNU_SOURCE
#include "os/os_map.h"

#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(MADV_POPULATE_READ)
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

_Static_assert(BP_OS_PROT_READ == PROT_READ && BP_OS_PROT_WRITE == PROT_WRITE &&
                   BP_OS_PROT_EXEC == PROT_EXEC,
               "protections are passed through");

static int outcome(int saved_errno, bool failed)
{
    int code = failed ? errno : 0;
    errno = saved_errno;
    return code;
}

static int map_nothing(void *addr, size_t n_bytes, int flags, void **ret_addr)
{
    int saved = errno;
    long mapped = bp_os_syscall(SYS_mmap, addr, n_bytes, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0L);
    if (mapped != -1)
        *ret_addr = (void *)mapped;
    return outcome(saved, mapped == -1);
}

// Reserves more than asked for and trims both ends.
static int reserve_lax(size_t n_bytes, size_t align, void **ret_base)
{
    size_t slack = align - bp_os_page_bytes();
    void *raw = NULL;
    if (n_bytes > SIZE_MAX - slack)
        return ENOMEM;
    int code = map_nothing(NULL, n_bytes + slack, MAP_NORESERVE, &raw);
    if (code)
        return code;
    size_t head = -(size_t)raw & (align - 1);
    char *start = (char *)raw + head;
    if (head)
        bp_os_unmap(raw, head);
    if (slack > head)
        bp_os_unmap(start + n_bytes, slack - head);
    *ret_base = start;
    return 0;
}

int bp_os_range_reserve(size_t n_bytes, size_t align, bool lax, void **ret_base)
{
    if (!lax)
        return bp_os_reserve(n_bytes, align, ret_base);
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    return code ? code : reserve_lax(n_bytes, align, ret_base);
}

int bp_os_range_protect(void *addr, size_t n_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    int saved = errno;
    if (code)
        return code;
    return outcome(saved, bp_os_syscall(SYS_mprotect, addr, n_bytes, prot) == -1);
}

int bp_os_range_release(void *addr, size_t n_bytes, bool lax)
{
    int code = bp_os_injected_fault(BP_OS_DECOMMIT);
    void *same;
    if (code)
        return code;
    return map_nothing(addr, n_bytes, MAP_FIXED | (lax ? MAP_NORESERVE : 0), &same);
}

unsigned bp_os_effective_prot(unsigned prot)
{
    return prot & BP_OS_PROT_WRITE ? prot | BP_OS_PROT_READ : prot;
}

// For kernels before 5.14. Nobody else uses pages that are only now being populated for writing,
// but an atomic "or" with nothing would be right even then.
static void touch(char *addr, size_t n_bytes, bool writable)
{
    size_t page = bp_os_page_bytes();
    for (size_t i = 0; i < n_bytes; i += page) {
        volatile char *at = addr + i;
        char byte = *at;
        if (writable)
            *at = byte;
    }
}

int bp_os_populate(void *addr, size_t n_bytes, bool writable)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    int saved = errno;
    if (code)
        return code;
    int advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    do
        code = outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, advice) == -1);
    while (code == EAGAIN || code == EINTR);
    if (code == EINVAL && bp_os_syscall(SYS_madvise, addr, 0, advice) == 0)
        return EACCES; // known here, so it is the protection of some page
    errno = saved;
    if (code == EINVAL) {
        touch(addr, n_bytes, writable);
        return 0;
    }
    return code == EFAULT ? ENOMEM : code; // EFAULT: what a fault would have been SIGBUS for
}

int bp_os_prefetch(void *addr, size_t n_bytes)
{
    int saved = errno;
    return outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, MADV_WILLNEED) == -1);
}

int bp_os_keep_from_fork(void *addr, size_t n_bytes)
{
    int saved = errno;
    return outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, MADV_DONTFORK) == -1);
}

uint64_t bp_os_process_id(void)
{
    return (uint64_t)getpid();
}

int bp_os_file_open(const char *path, bool writable, intptr_t *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    int flags = O_CLOEXEC | O_NOCTTY | (writable ? O_RDWR | O_CREAT : O_RDONLY);
    int file = open(path, flags, S_IRUSR | S_IWUSR);
    if (file >= 0)
        *ret_file = file;
    return outcome(saved, file < 0);
}

// Where the file system has no files without names: one whose name is removed at once.
static int open_and_unlink(const char *folder)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/bumpalloc-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof(path))
        return open("", O_RDONLY); // ENOENT, as for any folder that cannot be
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

static int open_nameless(const char *folder)
{
    if (!folder)
        return memfd_create("bumpalloc", MFD_CLOEXEC);
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool unknown = file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    return unknown ? open_and_unlink(folder) : file;
}

int bp_os_file_temporary(const char *folder, intptr_t *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    int file = open_nameless(folder);
    if (file >= 0)
        *ret_file = file;
    return outcome(saved, file < 0);
}

int bp_os_file_close(intptr_t file)
{
    int saved = errno;
    return outcome(saved, close((int)file) != 0 && errno != EINTR); // closed all the same
}

int bp_os_file_size(intptr_t file, size_t *ret_bytes)
{
    struct stat status;
    int saved = errno;
    int code = outcome(saved, fstat((int)file, &status) != 0);
    if (!code && !S_ISREG(status.st_mode))
        return ENODEV;
    if (!code)
        *ret_bytes = (size_t)status.st_size;
    return code;
}

int bp_os_file_cut(intptr_t file, size_t n_bytes)
{
    int saved = errno;
    return outcome(saved, ftruncate((int)file, (off_t)n_bytes) != 0);
}

// posix_fallocate writes the blocks itself where the file system cannot reserve them.
int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    int saved = errno;
    if (code)
        return code;
    do
        code = posix_fallocate((int)file, (off_t)offset_bytes, (off_t)n_bytes);
    while (code == EINTR);
    errno = saved;
    return code;
}

int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    int saved = errno;
    if (code)
        return code;
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return outcome(saved, fallocate((int)file, mode, (off_t)offset_bytes, (off_t)n_bytes) != 0);
}

int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    return outcome(saved, bp_os_syscall(SYS_mmap, addr, n_bytes, prot, MAP_SHARED | MAP_FIXED,
                                        (int)file, (off_t)offset_bytes) == -1);
}

int bp_os_file_sync(void *addr, size_t n_bytes)
{
    int saved = errno;
    return outcome(saved, msync(addr, n_bytes, MS_SYNC) != 0);
}
