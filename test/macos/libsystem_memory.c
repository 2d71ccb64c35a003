// SPDX-License-Identifier: MIT
// The stand-in's memory: numbers translated, and a map that keeps closed what was mapped so.
#include "libsystem.h"
#include "libsystem_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// The kernel's map has an entry for each 128 MiB that can ever be accessed.
static size_t pieces;

size_t libsystem_pieces(void)
{
    return __atomic_load_n(&pieces, __ATOMIC_RELAXED);
}

static size_t closed_bytes;

size_t libsystem_closed_bytes(void)
{
    return __atomic_load_n(&closed_bytes, __ATOMIC_RELAXED);
}

static void *mac_mmap(void *addr, size_t n_bytes, int prot, int flags, int file, long offset)
{
    int translated =
        (flags & 0x13) | (flags & 0x40 ? MAP_NORESERVE : 0) | (flags & 0x1000 ? MAP_ANONYMOUS : 0);
    __atomic_add_fetch(&pieces, n_bytes >> 27, __ATOMIC_RELAXED);
    libsystem_map_take();
    void *mapped = mmap(addr, n_bytes, prot, translated, file, offset);
    if (mapped != MAP_FAILED)
        libsystem_map_enter((uintptr_t)mapped, n_bytes, prot, false, file >= 0);
    libsystem_map_give();
    return mapped;
}

static int mac_munmap(void *addr, size_t n_bytes)
{
    libsystem_map_take();
    int code = munmap(addr, n_bytes);
    if (code == 0)
        libsystem_map_delete((uintptr_t)addr, n_bytes);
    libsystem_map_give();
    return code;
}

static int mac_mprotect(void *addr, size_t n_bytes, int prot)
{
    libsystem_map_take();
    int code = mprotect(addr, n_bytes, prot);
    if (code == 0)
        libsystem_map_protect((uintptr_t)addr, n_bytes, prot);
    libsystem_map_give();
    return code;
}

// Like a map entry whose most protection is none, a shared mapping of a file that was opened to
// read cannot be made writable. An emulator does not map what lies behind the end of a file.
static void *map_closed(void *addr, size_t n_bytes, int flags)
{
#if defined(CHECK_EMULATED)
    return mmap(addr, n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1,
                0);
#else
    int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    void *mapped = mmap(addr, n_bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE | flags, zeros, 0);
    close(zeros);
    return mapped;
#endif
}

static const unsigned mac_task = 0x103;

// What does not fit into registers stands side by side on the stack on Apple's arm64, by its own
// size.
#if defined(__aarch64__)
#define VM_MAP_REST     uint64_t protections, uint64_t last
#define VM_MAP_HARMLESS (!protections && (uint32_t)last == 1)
#else
#define VM_MAP_REST     int protection, int most, unsigned inheritance
#define VM_MAP_HARMLESS (!protection && !most && inheritance == 1)
#endif

static void closed_enter(const void *addr, size_t n_bytes)
{
    libsystem_map_enter((uintptr_t)addr, n_bytes, PROT_NONE, true, false);
}

static bool map_closed_at(void *addr, size_t n_bytes)
{
    libsystem_map_take();
    bool done = map_closed(addr, n_bytes, MAP_FIXED) != MAP_FAILED;
    if (done)
        closed_enter(addr, n_bytes);
    libsystem_map_give();
    return done;
}

// As far as the library calls it: nothing that could ever be accessed.
static int mac_vm_map(unsigned task, uint64_t *address, uint64_t n_bytes, uint64_t mask, int flags,
                      unsigned object, uint64_t offset, unsigned copy, VM_MAP_REST)
{
    enum { NO_SPACE = 3, INVALID_ARGUMENT = 4, ANYWHERE = 1, FIXED_OVERWRITE = 0x4000 };
    void *fixed = (void *)(uintptr_t)*address;
    if (task != mac_task || object || offset || copy || !VM_MAP_HARMLESS)
        return INVALID_ARGUMENT;
    if (flags == FIXED_OVERWRITE)
        return map_closed_at(fixed, n_bytes) ? 0 : NO_SPACE;
    char *raw = flags == ANYWHERE ? map_closed(NULL, n_bytes + mask, 0) : MAP_FAILED;
    if (raw == MAP_FAILED)
        return NO_SPACE;
    size_t head = -(size_t)raw & mask, page = (size_t)getpagesize();
    if (head)
        munmap(raw, head);
    if ((mask - head) / page)
        munmap(raw + head + n_bytes, mask - head);
    *address = (uint64_t)(uintptr_t)(raw + head);
    __atomic_add_fetch(&closed_bytes, n_bytes, __ATOMIC_RELAXED);
    libsystem_map_take();
    closed_enter(raw + head, n_bytes);
    libsystem_map_give();
    return 0;
}

struct mac_top_info {
    unsigned object, users, private_pages, shared_pages;
    unsigned char mode;
};
_Static_assert(sizeof(struct mac_top_info) == 20, "as Apple has it");

static int mac_vm_region(unsigned task, uint64_t *address, uint64_t *ret_bytes, int flavor,
                         struct mac_top_info *ret_info, unsigned *count, unsigned *ret_object)
{
    enum { TOP_INFO = 12, TOP_INFO_COUNT = 5, INVALID_ARGUMENT = 4 };
    if (task != mac_task || flavor != TOP_INFO || *count < TOP_INFO_COUNT)
        return INVALID_ARGUMENT;
    *ret_info = (struct mac_top_info){0, 0, 0, 0, 0};
    *count = TOP_INFO_COUNT;
    *ret_object = 0;
    libsystem_map_take();
    int code = libsystem_map_region(address, ret_bytes, &ret_info->mode);
    libsystem_map_give();
    return code;
}

static int mac_madvise(void *addr, size_t n_bytes, int advice)
{
    enum { WILL_NEED = 3, FREE_REUSABLE = 7, FREE_REUSE = 8 };
    if (advice != FREE_REUSABLE && advice != FREE_REUSE)
        return advice == WILL_NEED ? madvise(addr, n_bytes, MADV_WILLNEED) : -1;
    libsystem_map_take();
    int code = advice == FREE_REUSABLE ? libsystem_map_reusable((uintptr_t)addr, n_bytes)
                                       : libsystem_map_reuse((uintptr_t)addr, n_bytes);
    libsystem_map_give();
    if (!code)
        return 0;
    errno = code;
    return -1;
}

static bool is_discarded(const void *page)
{
    libsystem_map_take();
    bool it = libsystem_map_is_discarded((uintptr_t)page);
    libsystem_map_give();
    return it;
}

// One answer for each of our pages, which may be several of the kernel's. An emulator does not look
// at pages that cannot be touched.
static int mac_mincore(void *addr, size_t n_bytes, unsigned char *ret_pages)
{
    enum { KERNEL_PAGES = 16 };
    size_t page = (size_t)getpagesize();
    unsigned char bits[KERNEL_PAGES] = {0};
    for (size_t i = 0; i < n_bytes / page; i++) {
        char *at = (char *)addr + i * page;
        bool failed = mincore(at, page, bits) != 0;
        if (failed && !is_discarded(at))
            return -1;
        ret_pages[i] = failed ? 0 : bits[0];
    }
    return 0;
}

static int mac_minherit(void *addr, size_t n_bytes, int inherit)
{
    return inherit == 2 ? madvise(addr, n_bytes, MADV_DONTFORK) : -1;
}

static int mac_msync(void *addr, size_t n_bytes, int flags)
{
    return flags == 0x10 ? msync(addr, n_bytes, MS_SYNC) : -1;
}

const struct libsystem_function libsystem_memory_functions[] = {
    OTHER(madvise, mac_madvise),
    OTHER(minherit, mac_minherit),
    OTHER(msync, mac_msync),
    OTHER(mach_task_self_, &mac_task),
    OTHER(mach_vm_map, mac_vm_map),
    OTHER(mmap, mac_mmap),
    OTHER(mincore, mac_mincore),
    OTHER(mprotect, mac_mprotect),
    OTHER(munmap, mac_munmap),
    OTHER(mach_vm_region, mac_vm_region),
    OTHER(vm_kernel_page_size, &libsystem_kernel_page),
    {NULL, NULL},
};
