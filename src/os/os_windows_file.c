// SPDX-License-Identifier: MIT
// Windows: ranges that a file is behind, so that the system can page without a page file.
#define WIN32_LEAN_AND_MEAN
#include "os/os_windows.h"

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
    default:
        return ENOMEM;
    }
}

// A name that nobody else takes: process, counter, clock.
static void name_make(char name[MAX_PATH], const char *folder)
{
    static bp_atomic_size count;
    size_t length = strlen(folder);
    size_t count_now = bp_add_relaxed(&count, 1) & 0xffff;
    size_t unique =
        (size_t)GetCurrentProcessId() << 32 | count_now << 16 | (GetTickCount() & 0xffff);
    memcpy(name, folder, length);
    memcpy(name + length, "\\bumpalloc-", 11);
    length += 11;
    for (int shift = 60; shift >= 0; shift -= 4)
        name[length++] = "0123456789abcdef"[unique >> shift & 15];
    name[length] = '\0';
}

// Deleted when the last handle closes, however the process ends.
static HANDLE file_create(const char *folder)
{
    char name[MAX_PATH];
    DWORD done;
    if (strlen(folder) > MAX_PATH - 32) {
        SetLastError(ERROR_INVALID_NAME);
        return INVALID_HANDLE_VALUE;
    }
    name_make(name, folder);
    HANDLE file =
        CreateFileA(name, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE, NULL,
                    CREATE_NEW, FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    // A file system without sparse files still works, and takes the whole size.
    if (file != INVALID_HANDLE_VALUE)
        DeviceIoControl(file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &done, NULL);
    return file;
}

static void *view_of(HANDLE file, size_t n_bytes)
{
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, (DWORD)(n_bytes >> 32),
                                        (DWORD)n_bytes, NULL);
    void *view =
        mapping ? MapViewOfFile(mapping, FILE_MAP_WRITE | FILE_MAP_READ, 0, 0, n_bytes) : NULL;
    DWORD error = GetLastError();
    if (mapping)
        CloseHandle(mapping); // the view keeps it
    SetLastError(error);
    return view;
}

int bp_os_file_map(const char *folder, size_t n_bytes, struct bp_os_file *ret_file)
{
    DWORD saved = GetLastError();
    int code = 0;
    HANDLE file = file_create(folder);
    void *view = file == INVALID_HANDLE_VALUE ? NULL : view_of(file, n_bytes);
    if (!view)
        code = code_of(GetLastError());
    if (!view && file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    if (view)
        *ret_file = (struct bp_os_file){.handle = (size_t)file, .base = view, .n_bytes = n_bytes};
    SetLastError(saved);
    return code;
}

int bp_os_file_unmap(struct bp_os_file *file)
{
    DWORD saved = GetLastError();
    bool failed = !UnmapViewOfFile(file->base);
    CloseHandle((HANDLE)file->handle);
    SetLastError(saved);
    return failed ? EINVAL : 0;
}
