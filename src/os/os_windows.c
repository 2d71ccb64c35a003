// SPDX-License-Identifier: MIT
// Windows: memory. A page is reserved or committed, and what is committed is charged against RAM
// and page file whether it is touched or not; so free memory is decommitted, not purged. Pages
// cannot be moved. GetLastError is the caller's, as errno is elsewhere: it is left as it was.
#define WIN32_LEAN_AND_MEAN
#include "os/os_windows.h"
#include "base/bits.h"
#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <windows.h>

enum { PAGE_BYTES = 4096, GRANULE_BYTES = 64 << 10 };

// What a reservation of this size costs is nothing on Windows 8.1 and later (V8 makes one of 1 TiB
// in each process); Wine keeps a byte for each page.
#define RESERVE_BYTES      BP_TIB
#define RESERVE_WINE_BYTES (64 * BP_GIB)

int (*bp_os_fault_hook)(enum bp_os_call call);

size_t bp_os_page_bytes(void)
{
    return PAGE_BYTES;
}

size_t bp_os_address_limit(void)
{
    return SIZE_MAX;
}

size_t bp_os_reserve_default(void)
{
    return bp_os_is_wine() ? RESERVE_WINE_BYTES : RESERVE_BYTES;
}

bool bp_os_charges_commit(void)
{
    return true;
}

// The errno code of a call that has just been made, with the caller's last error restored.
static int outcome(DWORD saved, bool failed)
{
    int code = 0;
    if (failed)
        code = GetLastError() == ERROR_INVALID_PARAMETER ? EINVAL : ENOMEM;
    SetLastError(saved);
    return code;
}

static int allocate(void *addr, size_t n_bytes, DWORD kind, DWORD access, void **ret_addr)
{
    DWORD saved = GetLastError();
    void *got = VirtualAlloc(addr, n_bytes, kind, access);
    if (got)
        *ret_addr = got;
    return outcome(saved, !got);
}

static int give_back(void *addr, size_t n_bytes, DWORD kind)
{
    DWORD saved = GetLastError();
    return outcome(saved, !VirtualFree(addr, n_bytes, kind));
}

// Reserves more than asked for: what lies before and behind costs addresses alone.
static int reserve_aligned(size_t n_bytes, size_t align, void **ret_addr)
{
    size_t slack = align > GRANULE_BYTES ? align - GRANULE_BYTES : 0;
    void *raw = NULL;
    if (n_bytes > SIZE_MAX - slack)
        return ENOMEM;
    int code = allocate(NULL, n_bytes + slack, MEM_RESERVE, PAGE_NOACCESS, &raw);
    if (!code)
        *ret_addr = (void *)bp_align_up((size_t)raw, align);
    return code;
}

int bp_os_reserve(size_t n_bytes, size_t align, void **ret_base)
{
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    if (!code)
        code = reserve_aligned(n_bytes, align, ret_base);
    if (!code && (size_t)*ret_base + n_bytes > BP_ADDRESS_MAX) {
        bp_os_unmap(*ret_base, n_bytes);
        return ENOMEM;
    }
    return code;
}

int bp_os_commit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    void *same;
    return code ? code : allocate(addr, n_bytes, MEM_COMMIT, PAGE_READWRITE, &same);
}

// There is nothing that is not charged; the range is reserved, as after any failure.
int bp_os_commit_lax(void *addr, size_t n_bytes)
{
    int code = give_back(addr, n_bytes, MEM_DECOMMIT);
    return code ? code : ENOMEM;
}

int bp_os_commit_try(size_t n_bytes)
{
    void *scratch = NULL;
    int code = bp_os_injected_fault(BP_OS_ASK);
    if (code)
        return code;
    code = allocate(NULL, n_bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &scratch);
    if (!code)
        give_back(scratch, 0, MEM_RELEASE);
    return code;
}

int bp_os_decommit(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_DECOMMIT);
    return code ? code : give_back(addr, n_bytes, MEM_DECOMMIT);
}

// Without DiscardVirtualMemory (before Windows 8.1, Wine 8) the pages are declared worthless, and
// VirtualUnlock of pages that are not locked takes them out of the working set.
static int discard(void *addr, size_t n_bytes)
{
    typedef DWORD WINAPI discarder(void *, SIZE_T);
    static bp_atomic_ptr known;
    DWORD saved = GetLastError();
    void *found = bp_os_kernel_function(&known, "DiscardVirtualMemory");
    if (found && (__extension__(discarder *) found)(addr, n_bytes) == ERROR_SUCCESS)
        return outcome(saved, false);
    if (!VirtualAlloc(addr, n_bytes, MEM_RESET, PAGE_READWRITE))
        return outcome(saved, true);
    VirtualUnlock(addr, n_bytes);
    return outcome(saved, false);
}

int bp_os_purge(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_PURGE);
    return code ? code : discard(addr, n_bytes);
}

int bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    *ret_zero = false;
    return bp_os_purge(addr, n_bytes);
}

// A touch is enough.
void bp_os_reuse(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
}

// Nothing was moved in, so nothing has to merge.
int bp_os_renew(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
    return ENOSYS;
}

int bp_os_map(size_t n_bytes, size_t align, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    void *addr, *same;
    if (!code)
        code = reserve_aligned(n_bytes, align, &addr);
    if (code)
        return code;
    code = allocate(addr, n_bytes, MEM_COMMIT, PAGE_READWRITE, &same);
    if (code)
        bp_os_unmap(addr, n_bytes);
    else
        *ret_addr = addr;
    return code;
}

int bp_os_map_lax(size_t n_bytes, void **ret_addr)
{
    return bp_os_map(n_bytes, PAGE_BYTES, ret_addr);
}

// The guards are never committed; bp_os_unmap finds where the reservation begins.
int bp_os_map_guarded(size_t n_bytes, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    void *whole, *same;
    if (!code)
        code = reserve_aligned(n_bytes + 2 * PAGE_BYTES, PAGE_BYTES, &whole);
    if (code)
        return code;
    char *addr = (char *)whole + PAGE_BYTES;
    code = allocate(addr, n_bytes, MEM_COMMIT, PAGE_READWRITE, &same);
    if (code)
        bp_os_unmap(whole, n_bytes);
    else
        *ret_addr = addr;
    return code;
}

int bp_os_unmap_guarded(void *addr, size_t n_bytes)
{
    return bp_os_unmap(addr, n_bytes);
}

bool bp_os_is_readable(const void *addr)
{
    MEMORY_BASIC_INFORMATION info;
    DWORD saved = GetLastError();
    bool found = !bp_os_injected_fault(BP_OS_ASK) && VirtualQuery(addr, &info, sizeof(info)) != 0;
    SetLastError(saved);
    return found && info.State == MEM_COMMIT && !(info.Protect & (PAGE_NOACCESS | PAGE_GUARD));
}

// Needs the privilege to lock pages in memory and sizes in large pages; refused otherwise.
int bp_os_map_huge(size_t n_bytes, size_t align, void **ret_addr)
{
    size_t large_page_bytes = GetLargePageMinimum();
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (code)
        return code;
    if (!large_page_bytes || n_bytes % large_page_bytes || align > large_page_bytes)
        return ENOTSUP;
    return allocate(NULL, n_bytes, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE,
                    ret_addr);
}

// The call's home is kernel32, under this name, since Windows 7.
BOOL WINAPI K32QueryWorkingSetEx(HANDLE process, void *information, DWORD n_bytes);

int bp_os_resident(void *addr, size_t n_bytes, size_t *ret_bytes)
{
    struct {
        void *page;
        ULONG_PTR attributes; // bit 0: has memory
    } of_page[256];
    size_t page = bp_os_page_bytes(), sum = 0;
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_ASK);
    *ret_bytes = 0;
    for (size_t at = 0; at < n_bytes && !code;) {
        DWORD count = 0;
        for (; count < 256 && at < n_bytes; at += page)
            of_page[count++].page = (char *)addr + at;
        if (!K32QueryWorkingSetEx(GetCurrentProcess(), of_page, count * (DWORD)sizeof(of_page[0])))
            return outcome(saved, true);
        for (DWORD i = 0; i < count; i++)
            sum += of_page[i].attributes & 1 ? page : 0;
    }
    *ret_bytes = sum;
    return code;
}

// Where a mapping was aligned, the reservation that is to be released began before it.
int bp_os_unmap(void *addr, size_t n_bytes)
{
    MEMORY_BASIC_INFORMATION info;
    DWORD saved = GetLastError();
    (void)n_bytes;
    if (!VirtualQuery(addr, &info, sizeof(info)) || !info.AllocationBase)
        return outcome(saved, true);
    if (info.Type == MEM_MAPPED)
        return outcome(saved, !UnmapViewOfFile(info.AllocationBase));
    return give_back(info.AllocationBase, 0, MEM_RELEASE);
}

// Nothing is: a reservation is always there as a whole.
void bp_os_unmap_owed(void)
{
}

// Shrinks in place. To grow is to copy, which is for the caller.
int bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (!code && new_bytes > old_bytes)
        code = ENOSYS;
    if (!code && new_bytes < old_bytes)
        code = give_back((char *)addr + new_bytes, old_bytes - new_bytes, MEM_DECOMMIT);
    if (!code)
        *ret_addr = addr;
    return code;
}
