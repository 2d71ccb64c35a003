// SPDX-License-Identifier: MIT
// Windows: ranges of any protection, and files. A view of a file needs addresses that nobody has
// reserved, or placeholders (Windows 10, not in wine 8), so files are not mapped over ranges here:
// whoever asks is told ENOTSUP.
#define WIN32_LEAN_AND_MEAN
#include "os/fault.h"
#include "os/os.h"
#include "os/os_map.h"

#include <errno.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

static int code_of(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
        return ENOENT;
    case ERROR_ACCESS_DENIED:
        return EACCES;
    case ERROR_DISK_FULL:
        return ENOSPC;
    case ERROR_INVALID_PARAMETER:
        return EINVAL;
    default:
        return ENOMEM;
    }
}

// The code of a call that has just been made, with the caller's last error restored.
static int outcome(DWORD saved, bool failed)
{
    int code = failed ? code_of(GetLastError()) : 0;
    SetLastError(saved);
    return code;
}

// --- ranges ---

static DWORD access_of(unsigned prot)
{
    static const DWORD access[] = {
        PAGE_NOACCESS, PAGE_READONLY,     PAGE_READWRITE,         PAGE_READWRITE,
        PAGE_EXECUTE,  PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READWRITE,
    };
    return access[prot & BP_OS_PROT_ALL];
}

int bp_os_range_reserve(size_t n_bytes, size_t align, bool lax, void **ret_base)
{
    (void)lax; // what is committed is charged, always
    return bp_os_reserve(n_bytes, align, ret_base);
}

int bp_os_range_protect(void *addr, size_t n_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    DWORD saved = GetLastError(), before;
    if (code)
        return code;
    bool done = VirtualAlloc(addr, n_bytes, MEM_COMMIT, access_of(prot)) &&
                VirtualProtect(addr, n_bytes, access_of(prot), &before);
    return outcome(saved, !done);
}

int bp_os_range_release(void *addr, size_t n_bytes, bool lax)
{
    (void)lax;
    return bp_os_decommit(addr, n_bytes);
}

unsigned bp_os_effective_prot(unsigned prot)
{
    return prot & BP_OS_PROT_WRITE ? prot | BP_OS_PROT_READ : prot;
}

// Charged already: a touch cannot fail.
int bp_os_populate(void *addr, size_t n_bytes, bool writable)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    for (size_t i = 0; !code && i < n_bytes; i += bp_os_page_bytes()) {
        volatile char *at = (char *)addr + i;
        char byte = *at;
        if (writable)
            *at = byte;
    }
    return code;
}

int bp_os_prefetch(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
    return 0;
}

int bp_os_keep_from_fork(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
    return 0;
}

uint64_t bp_os_process_id(void)
{
    return GetCurrentProcessId();
}

// --- files ---

static int file_create(const char *path, DWORD how, DWORD access, DWORD flags, intptr_t *ret_file)
{
    DWORD saved = GetLastError();
    HANDLE file =
        CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, how, flags, NULL);
    if (file != INVALID_HANDLE_VALUE)
        *ret_file = (intptr_t)file;
    return outcome(saved, file == INVALID_HANDLE_VALUE);
}

int bp_os_file_open(const char *path, bool writable, intptr_t *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    DWORD access = writable ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ;
    if (code)
        return code;
    return file_create(path, writable ? OPEN_ALWAYS : OPEN_EXISTING, access, 0, ret_file);
}

// A name that nobody else takes: process, counter, clock.
static void name_append(char *path)
{
    static bp_atomic_size count;
    size_t length = strlen(path);
    size_t number = bp_add_relaxed(&count, 1) & 0xffff;
    size_t unique = (size_t)GetCurrentProcessId() << 32 | number << 16 | (GetTickCount() & 0xffff);
    memcpy(path + length, "\\bumpalloc-", 11);
    length += 11;
    for (int shift = 60; shift >= 0; shift -= 4)
        path[length++] = "0123456789abcdef"[unique >> shift & 15];
    path[length] = '\0';
}

// Sparse where the file system can, and gone with its handle, however the process ends. In memory
// means in the system's folder for such files, with the wish not to be written out.
int bp_os_file_temporary(const char *folder, intptr_t *ret_file)
{
    enum { NAME_CHARS = 32 };
    char path[MAX_PATH + NAME_CHARS];
    DWORD done, saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (code)
        return code;
    if (folder ? strlen(folder) >= MAX_PATH : !GetTempPathA(MAX_PATH, path))
        return ENOENT;
    if (folder)
        memcpy(path, folder, strlen(folder) + 1);
    name_append(path);
    code = file_create(path, CREATE_NEW, GENERIC_READ | GENERIC_WRITE | DELETE,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, ret_file);
    if (!code)
        DeviceIoControl((HANDLE)*ret_file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &done, NULL);
    SetLastError(saved);
    return code;
}

int bp_os_file_close(intptr_t file)
{
    DWORD saved = GetLastError();
    return outcome(saved, !CloseHandle((HANDLE)file));
}

int bp_os_file_size(intptr_t file, size_t *ret_bytes)
{
    LARGE_INTEGER size;
    DWORD saved = GetLastError();
    bool failed = !GetFileSizeEx((HANDLE)file, &size);
    if (!failed)
        *ret_bytes = (size_t)size.QuadPart;
    return outcome(saved, failed);
}

int bp_os_file_cut(intptr_t file, size_t n_bytes)
{
    LARGE_INTEGER end = {.QuadPart = (long long)n_bytes};
    DWORD saved = GetLastError();
    bool done = SetFilePointerEx((HANDLE)file, end, NULL, FILE_BEGIN) && SetEndOfFile((HANDLE)file);
    return outcome(saved, !done);
}

// The end is set; a file that is not sparse has its space then.
int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    size_t now = 0;
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    if (!code)
        code = bp_os_file_size(file, &now);
    return code || offset_bytes + n_bytes <= now ? code
                                                 : bp_os_file_cut(file, offset_bytes + n_bytes);
}

int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    struct {
        long long from, until; // FILE_ZERO_DATA_INFORMATION
    } range = {(long long)offset_bytes, (long long)(offset_bytes + n_bytes)};
    int code = bp_os_injected_fault(BP_OS_PURGE);
    DWORD done, saved = GetLastError();
    if (code)
        return code;
    return outcome(saved, !DeviceIoControl((HANDLE)file, FSCTL_SET_ZERO_DATA, &range, sizeof(range),
                                           NULL, 0, &done, NULL));
}

int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    (void)addr, (void)n_bytes, (void)file, (void)offset_bytes, (void)prot;
    return ENOTSUP;
}

int bp_os_file_sync(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
    return ENOTSUP;
}
