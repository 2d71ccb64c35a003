// SPDX-License-Identifier: MIT
// A second preload, as tools for tracing memory and faking files are: it replaces libc functions
// that an allocator may call, and allocates inside them.
#include <dlfcn.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern int hook_calls, hook_calls_too_early;
EXPORT int hook_calls, hook_calls_too_early;
static __thread int depth __attribute__((tls_model("initial-exec")));

// Of three kinds: small, a slot's, one's own mapping's.
static void allocate_inside(void)
{
    static const size_t sizes[] = {24, 70000, 3000000};
    __atomic_add_fetch(&hook_calls, 1, __ATOMIC_RELAXED);
    if (depth > 0)
        return; // every hook that allocates must guard against itself
    depth++;
    for (int i = 0; i < 3; i++) {
        char *p = malloc(sizes[i]);
        if (p)
            memset(p, 1, 24);
        free(p);
    }
    depth--;
}

EXPORT void *mmap(void *addr, size_t n_bytes, int prot, int flags, int fd, off_t offset)
{
    allocate_inside();
    return (void *)syscall(SYS_mmap, addr, n_bytes, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *addr, size_t n_bytes, int prot, int flags, int fd, off64_t offset)
{
    return mmap(addr, n_bytes, prot, flags, fd, offset);
}

EXPORT int munmap(void *addr, size_t n_bytes)
{
    allocate_inside();
    return (int)syscall(SYS_munmap, addr, n_bytes);
}

EXPORT int mprotect(void *addr, size_t n_bytes, int prot)
{
    allocate_inside();
    return (int)syscall(SYS_mprotect, addr, n_bytes, prot);
}

EXPORT int madvise(void *addr, size_t n_bytes, int advice)
{
    allocate_inside();
    return (int)syscall(SYS_madvise, addr, n_bytes, advice);
}

EXPORT void *mremap(void *addr, size_t old_bytes, size_t new_bytes, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
    va_end(args);
    allocate_inside();
    return (void *)syscall(SYS_mremap, addr, old_bytes, new_bytes, flags, target);
}

// ThreadSanitizer's ends in a null pointer as long as it is looking for libc's, and that search
// allocates.
EXPORT int sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set)
{
    (void)pid;
    __atomic_add_fetch(&hook_calls_too_early, 1, __ATOMIC_RELAXED);
    memset(set, 0, n_bytes);
    CPU_SET(0, set);
    return 0;
}

// As torsocks and libfaketime do. Also what the hooks above go through.
EXPORT long syscall(long number, ...)
{
    static long (*next)(long, ...);
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    allocate_inside();
    if (!next)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

EXPORT char *getenv(const char *name)
{
    extern char **environ;
    size_t length = strlen(name);
    allocate_inside();
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

EXPORT char *secure_getenv(const char *name)
{
    return getenv(name);
}
