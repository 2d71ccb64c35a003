// SPDX-License-Identifier: MIT
// What the POSIX files of this layer share. The rules of os.h hold here too: 0 or an errno code,
// and errno is left as it was.
#ifndef BP_OS_OS_POSIX_H
#define BP_OS_OS_POSIX_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

// The errno code of a call that has just been made, with the caller's errno restored.
static inline int bp_os_outcome(int saved_errno, bool failed)
{
    int code = failed ? errno : 0;
    errno = saved_errno;
    return code;
}

// What tells of a thread's end. If it could not be made, its number is somebody else's.
struct bp_os_exit_key {
    pthread_key_t key;
    bool made;
};
int bp_os_exit_key_make(struct bp_os_exit_key *it, void (*fn)(void *));
int bp_os_exit_key_set(const struct bp_os_exit_key *it, void *argument);

// By the straightest way to the kernel that the system has, so that a hook on mmap cannot call
// back into us: private pages of no file, their protection, and unmapping.
int bp_os_map_pages(void *addr, size_t n_bytes, int prot, int flags, void **ret_addr);
int bp_os_protect_pages(void *addr, size_t n_bytes, int prot);
int bp_os_unmap_pages(void *addr, size_t n_bytes);
// Their contents are nobody's any more; a failure leaves them.
int bp_os_empty_pages(void *addr, size_t n_bytes);
// As bp_os_unmap, but by that way.
int bp_os_drop_pages(void *addr, size_t n_bytes);

// As bp_os_reserve, but that bp_os_protect_pages may open the pages later.
int bp_os_reserve_openable(size_t n_bytes, size_t align, void **ret_base);

// As bp_os_map_pages, anywhere, aligned to a power of two.
int bp_os_map_aligned(size_t n_bytes, size_t align, int prot, int flags, void **ret_addr);

#endif
