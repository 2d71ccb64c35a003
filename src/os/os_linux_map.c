// SPDX-License-Identifier: MIT
// Linux: protections and files. Raw system calls where os_linux.c has them, for its reasons.
#define _GNU_SOURCE
#include "os/os_map.h"

#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_posix.h"
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
        code = bp_os_outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, advice) == -1);
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
    int code = bp_os_injected_fault(BP_OS_ADVISE);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, MADV_WILLNEED) == -1);
}

int bp_os_keep_from_fork(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_ADVISE);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, bp_os_syscall(SYS_madvise, addr, n_bytes, MADV_DONTFORK) == -1);
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
    return bp_os_outcome(saved, file < 0);
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
    return bp_os_outcome(saved,
                         fallocate((int)file, mode, (off_t)offset_bytes, (off_t)n_bytes) != 0);
}

int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, bp_os_syscall(SYS_mmap, addr, n_bytes, prot, MAP_SHARED | MAP_FIXED,
                                              (int)file, (off_t)offset_bytes) == -1);
}
