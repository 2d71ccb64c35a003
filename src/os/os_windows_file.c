// SPDX-License-Identifier: MIT
// Windows: ranges of any protection, and files. A view of a file needs addresses that nobody has
// reserved, or placeholders (Windows 10, not in wine 8), and does not grow. So a file is made
// sparse and mapped as a whole, as long as its range is, before anybody has the address; it is cut
// when it is mapped no more. Space on the disk is had by writing.
#define WIN32_LEAN_AND_MEAN
#include "os/fault.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_map.h"

#include <errno.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

enum { PIECE_BYTES = 2048 };

static int code_of(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
        return ENOENT;
    case ERROR_ACCESS_DENIED:
        return EACCES;
    case ERROR_SHARING_VIOLATION:
    case ERROR_USER_MAPPED_FILE:
        return EBUSY;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
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

static bool is_view(const void *addr)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(addr, &info, sizeof(info)) && info.Type == MEM_MAPPED;
}

int bp_os_range_protect(void *addr, size_t n_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    DWORD saved = GetLastError(), before;
    if (code)
        return code;
    bool done = (is_view(addr) || VirtualAlloc(addr, n_bytes, MEM_COMMIT, access_of(prot))) &&
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

// What does not fit, the system answers with how long it is.
static int folder_copy(const char *folder, char path[MAX_PATH])
{
    DWORD saved = GetLastError();
    size_t length = folder ? strlen(folder) : GetTempPathA(MAX_PATH, path);
    SetLastError(saved);
    if (length >= MAX_PATH)
        return ENAMETOOLONG;
    if (folder)
        memcpy(path, folder, length + 1);
    return length ? 0 : ENOENT;
}

// Sparse where the file system can, and gone with its handle, however the process ends. In memory
// means in the system's folder for such files, with the wish not to be written out.
int bp_os_file_temporary(const char *folder, intptr_t *ret_file)
{
    enum { NAME_CHARS = 32 };
    char path[MAX_PATH + NAME_CHARS];
    DWORD done, saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (!code)
        code = folder_copy(folder, path);
    if (code)
        return code;
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
    int code = bp_os_injected_fault(BP_OS_FILE);
    DWORD saved = GetLastError();
    int closed = outcome(saved, !CloseHandle((HANDLE)file)); // all the same
    return code ? code : closed;
}

int bp_os_file_size(intptr_t file, size_t *ret_bytes)
{
    LARGE_INTEGER size;
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (code)
        return code;
    bool failed = !GetFileSizeEx((HANDLE)file, &size);
    if (!failed)
        *ret_bytes = (size_t)size.QuadPart;
    return outcome(saved, failed);
}

int bp_os_file_cut(intptr_t file, size_t n_bytes)
{
    LARGE_INTEGER end = {.QuadPart = (long long)n_bytes};
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (code)
        return code;
    bool done = SetFilePointerEx((HANDLE)file, end, NULL, FILE_BEGIN) && SetEndOfFile((HANDLE)file);
    return outcome(saved, !done);
}

static OVERLAPPED place_of(size_t offset_bytes)
{
    return (OVERLAPPED){.Offset = (DWORD)offset_bytes, .OffsetHigh = (DWORD)(offset_bytes >> 32)};
}

// Writes some of the bytes, zeros or what is there already; how many, or 0. What is beyond the end
// reads zero.
static size_t write_some(HANDLE file, size_t offset_bytes, size_t n_bytes, bool zero)
{
    char bytes[PIECE_BYTES];
    DWORD part = n_bytes < PIECE_BYTES ? (DWORD)n_bytes : PIECE_BYTES, got = 0, put = 0;
    OVERLAPPED in = place_of(offset_bytes), out = place_of(offset_bytes);
    if (!zero && !ReadFile(file, bytes, part, &got, &in))
        got = 0;
    memset(bytes + got, 0, part - got);
    return WriteFile(file, bytes, part, &put, &out) ? put : 0;
}

static int write_all(intptr_t file, size_t offset_bytes, size_t n_bytes, bool zero)
{
    DWORD saved = GetLastError();
    while (n_bytes) {
        size_t done = write_some((HANDLE)file, offset_bytes, n_bytes, zero);
        if (!done)
            return outcome(saved, true);
        offset_bytes += done;
        n_bytes -= done;
    }
    return outcome(saved, false);
}

// A sparse file has space where it was written to. Nobody else writes to bytes that are only now
// being had.
int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    return code ? code : write_all(file, offset_bytes, n_bytes, false);
}

// Where the file system has no holes, zeros are written.
int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    struct {
        long long from, until; // FILE_ZERO_DATA_INFORMATION
    } range = {(long long)offset_bytes, (long long)(offset_bytes + n_bytes)};
    int code = bp_os_injected_fault(BP_OS_PURGE);
    DWORD done, saved = GetLastError();
    if (code)
        return code;
    bool punched = DeviceIoControl((HANDLE)file, FSCTL_SET_ZERO_DATA, &range, sizeof(range), NULL,
                                   0, &done, NULL);
    SetLastError(saved);
    return punched ? 0 : write_all(file, offset_bytes, n_bytes, true);
}

// Bytes copied, 0 if none.
static size_t copy_some(HANDLE from, HANDLE to, size_t offset_bytes, size_t n_bytes)
{
    char buffer[PIECE_BYTES];
    DWORD part = n_bytes < sizeof(buffer) ? (DWORD)n_bytes : (DWORD)sizeof(buffer);
    OVERLAPPED in = place_of(offset_bytes), out = place_of(offset_bytes);
    DWORD got = 0, put = 0;
    if (!ReadFile(from, buffer, part, &got, &in) || !WriteFile(to, buffer, got, &put, &out))
        return 0;
    return put;
}

int bp_os_file_copy(intptr_t from, intptr_t to, size_t offset_bytes, size_t n_bytes)
{
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    while (n_bytes && !code) {
        size_t done = copy_some((HANDLE)from, (HANDLE)to, offset_bytes, n_bytes);
        code = done ? 0 : EIO;
        offset_bytes += done;
        n_bytes -= done;
    }
    SetLastError(saved);
    return code;
}

int bp_os_file_allocated(intptr_t file, size_t *ret_bytes)
{
    FILE_STANDARD_INFO about;
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (code)
        return code;
    bool done = GetFileInformationByHandleEx((HANDLE)file, FileStandardInfo, &about, sizeof(about));
    SetLastError(saved);
    if (done)
        *ret_bytes = (size_t)about.AllocationSize.QuadPart;
    return done ? 0 : EIO;
}

// --- views ---

// Of a file that is only read: as long as it is; one that is empty has none.
static int section_make(HANDLE file, size_t n_bytes, bool writable, HANDLE *ret_section)
{
    DWORD saved = GetLastError(), done;
    if (writable)
        DeviceIoControl(file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &done, NULL);
    size_t length = writable ? n_bytes : 0;
    *ret_section = CreateFileMappingA(file, NULL, writable ? PAGE_READWRITE : PAGE_READONLY,
                                      (DWORD)(length >> 32), (DWORD)length, NULL);
    return outcome(saved, !*ret_section);
}

// Gives the place up and maps the file there. If others take it in between, another one is tried.
static int view_make(HANDLE section, size_t n_bytes, size_t align, bool writable, void **base)
{
    enum { TRIES = 16 };
    DWORD saved = GetLastError();
    int code = 0;
    for (int i = 0; !code && i < TRIES; i++) {
        void *place = *base;
        *base = NULL;
        bp_os_unmap(place, n_bytes);
        if (MapViewOfFileEx(section, writable ? FILE_MAP_WRITE : FILE_MAP_READ, 0, 0,
                            writable ? n_bytes : 0, place)) {
            *base = place;
            return outcome(saved, false);
        }
        code = bp_os_reserve(n_bytes, align, base);
    }
    SetLastError(saved);
    return code ? code : ENOMEM;
}

int bp_os_file_attach(intptr_t file, size_t n_bytes, size_t align, bool writable, void **base)
{
    HANDLE section;
    size_t length = 0;
    int code = bp_os_injected_fault(BP_OS_MAP);
    if (!code && !writable)
        code = bp_os_file_size(file, &length);
    if (code || !(writable || length))
        return code;
    code = section_make((HANDLE)file, n_bytes, writable, &section);
    if (code)
        return code;
    code = view_make(section, n_bytes, align, writable, base);
    CloseHandle(section); // the view keeps it
    return code;
}

// It is there: what may be missing is the protection.
int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    MEMORY_BASIC_INFORMATION info;
    DWORD saved = GetLastError(), before;
    int code = bp_os_injected_fault(BP_OS_MAP);
    (void)file, (void)offset_bytes;
    if (code)
        return code;
    if (!VirtualQuery(addr, &info, sizeof(info)) || info.Type != MEM_MAPPED)
        return EINVAL;
    bool done = info.Protect == access_of(prot) && info.RegionSize >= n_bytes;
    return outcome(saved, !done && !VirtualProtect(addr, n_bytes, access_of(prot), &before));
}

int bp_os_file_sync(intptr_t file, void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    DWORD saved = GetLastError();
    if (code)
        return code;
    return outcome(saved, !FlushViewOfFile(addr, n_bytes) || !FlushFileBuffers((HANDLE)file));
}
