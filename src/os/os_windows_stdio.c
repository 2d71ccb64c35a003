// SPDX-License-Identifier: MIT
// Windows: text that goes out. A descriptor is 0, 1 or 2 for the standard handles, or a handle: of
// those 32 bits count, and none is as small.
#define WIN32_LEAN_AND_MEAN
#include "os/fault.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_stdio.h"

#include <errno.h>
#include <windows.h>

static HANDLE handle_of(int descriptor)
{
    static const DWORD standard[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    if (descriptor >= 0 && descriptor <= 2)
        return GetStdHandle(standard[descriptor]);
    return (HANDLE)(intptr_t)descriptor;
}

static int write_all(HANDLE file, const char *text, size_t n_bytes)
{
    DWORD saved = GetLastError();
    DWORD written = 1;
    while (n_bytes && written) {
        DWORD part = n_bytes > 1 << 20 ? 1 << 20 : (DWORD)n_bytes;
        if (!WriteFile(file, text, part, &written, NULL))
            written = 0;
        text += written;
        n_bytes -= written;
    }
    SetLastError(saved);
    return n_bytes ? EIO : 0;
}

int bp_os_write(int descriptor, const char *text, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    return code ? code : write_all(handle_of(descriptor), text, n_bytes);
}

void bp_os_write_error(const char *text, size_t n_bytes)
{
    bp_os_write(2, text, n_bytes);
}

int bp_os_create(const char *path)
{
    DWORD saved = GetLastError();
    if (bp_os_injected_fault(BP_OS_FILE))
        return -1;
    HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
    SetLastError(saved);
    return file == INVALID_HANDLE_VALUE ? -1 : (int)(intptr_t)file;
}

void bp_os_close(int descriptor)
{
    DWORD saved = GetLastError();
    CloseHandle(handle_of(descriptor));
    SetLastError(saved);
}

int bp_os_keep(int descriptor)
{
    DWORD saved = GetLastError();
    HANDLE self = GetCurrentProcess(), kept;
    if (bp_os_injected_fault(BP_OS_FILE))
        return -1;
    bool done =
        DuplicateHandle(self, handle_of(descriptor), self, &kept, 0, FALSE, DUPLICATE_SAME_ACCESS);
    SetLastError(saved);
    return done ? (int)(intptr_t)kept : -1;
}

// A console or a pipe is no file: its handle has to do.
uint64_t bp_os_identity(int descriptor)
{
    BY_HANDLE_FILE_INFORMATION about;
    DWORD saved = GetLastError(), flags;
    HANDLE handle = handle_of(descriptor);
    uint64_t identity = (uint64_t)1 << 63;
    if (bp_os_injected_fault(BP_OS_ASK))
        return 0;
    if (GetFileInformationByHandle(handle, &about))
        identity |= (uint64_t)about.dwVolumeSerialNumber << 40 ^
                    ((uint64_t)about.nFileIndexHigh << 32 | about.nFileIndexLow);
    else
        identity = GetHandleInformation(handle, &flags) ? identity | (size_t)handle : 0;
    SetLastError(saved);
    return identity;
}

int bp_os_stdio_open(void *cookie, const struct bp_os_stdio_calls *calls, const char *mode,
                     FILE **ret_file)
{
    (void)cookie, (void)calls, (void)mode, (void)ret_file;
    return ENOTSUP;
}
