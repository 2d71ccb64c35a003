// SPDX-License-Identifier: MIT
// macOS: files and their pages, as far as they are not POSIX's. There are no files without a name:
// one is made and removed at once. Space is had by writing, which every file system understands.
#include "os/fault.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_map.h"
#include "os/os_posix.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE_BYTES = 16384 };

int bp_os_prefetch(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_ADVISE);
    int saved = errno;
    return code ? code : bp_os_outcome(saved, madvise(addr, n_bytes, MADV_WILLNEED) == -1);
}

int bp_os_keep_from_fork(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_ADVISE);
    int saved = errno;
    return code ? code : bp_os_outcome(saved, minherit(addr, n_bytes, VM_INHERIT_NONE) == -1);
}

static int open_and_unlink(const char *folder, intptr_t *ret_file)
{
    static const char name[] = "/bumpalloc-XXXXXX";
    char path[PATH_MAX];
    size_t length = strlen(folder);
    int saved = errno;
    if (length + sizeof(name) > sizeof(path))
        return ENAMETOOLONG;
    memcpy(path, folder, length);
    memcpy(path + length, name, sizeof(name));
    int file = mkstemp(path);
    if (file >= 0) {
        unlink(path);
        fcntl(file, F_SETFD, FD_CLOEXEC);
        *ret_file = file;
    }
    return bp_os_outcome(saved, file < 0);
}

// In memory: the kernel's cache of a folder that is emptied at each start.
int bp_os_file_temporary(const char *folder, intptr_t *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    return code ? code : open_and_unlink(folder ? folder : "/private/tmp", ret_file);
}

// Copies some bytes to the same place in a file: from another one or itself, or zeros for -1. What
// is beyond the end reads zero. How many, or -1.
static ssize_t write_some(int from, int to, off_t offset, size_t n_bytes)
{
    char bytes[PIECE_BYTES];
    size_t part = n_bytes < sizeof(bytes) ? n_bytes : sizeof(bytes);
    ssize_t got = from < 0 ? 0 : pread(from, bytes, part, offset);
    if (got < 0)
        return -1;
    memset(bytes + got, 0, part - (size_t)got);
    return pwrite(to, bytes, part, offset);
}

static int write_range(int from, int to, size_t offset_bytes, size_t n_bytes)
{
    int saved = errno, code = 0;
    for (size_t at = offset_bytes, end = at + n_bytes; !code && at < end;) {
        ssize_t n = write_some(from, to, (off_t)at, end - at);
        code = n > 0 ? 0 : n ? errno : EIO;
        at += n > 0 ? (size_t)n : 0;
        code = code == EINTR ? 0 : code;
    }
    errno = saved;
    return code;
}

int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    return code ? code : write_range((int)file, (int)file, offset_bytes, n_bytes);
}

// Whole blocks alone, and not on every file system: otherwise zeros are written.
int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    fpunchhole_t hole = {.fp_offset = (off_t)offset_bytes, .fp_length = (off_t)n_bytes};
    int code = bp_os_injected_fault(BP_OS_PURGE);
    int saved = errno;
    if (code)
        return code;
    bool punched = fcntl((int)file, F_PUNCHHOLE, &hole) == 0;
    errno = saved;
    return punched ? 0 : write_range(-1, (int)file, offset_bytes, n_bytes);
}

int bp_os_file_copy(intptr_t from, intptr_t to, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    return code ? code : write_range((int)from, (int)to, offset_bytes, n_bytes);
}

int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    return bp_os_outcome(saved, mmap(addr, n_bytes, (int)prot, MAP_SHARED | MAP_FIXED, (int)file,
                                     (off_t)offset_bytes) == MAP_FAILED);
}
