// SPDX-License-Identifier: MIT
// api.h's looks at pages on Windows: what VirtualQuery says, since no child can be forked that dies
// of the access.
#ifndef TEST_API_WINDOWS_H
#define TEST_API_WINDOWS_H

#include <windows.h>

#include <psapi.h>

static inline size_t page_bytes(void)
{
    return 4096;
}

static inline MEMORY_BASIC_INFORMATION page_at(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    REQUIRE(VirtualQuery(address, &info, sizeof info) != 0);
    return info;
}

static inline bool is_mapped(void *address)
{
    return page_at(address).State != MEM_FREE;
}

static inline bool is_resident(void *address)
{
    PSAPI_WORKING_SET_EX_INFORMATION page = {.VirtualAddress = address};
    REQUIRE(K32QueryWorkingSetEx(GetCurrentProcess(), &page, sizeof page));
    return page.VirtualAttributes.Valid;
}

static inline bool faults(void (*access)(void *), void *address)
{
    MEMORY_BASIC_INFORMATION page = page_at(address);
    bool writable = page.Protect == PAGE_READWRITE || page.Protect == PAGE_EXECUTE_READWRITE;
    bool readable = writable || page.Protect == PAGE_READONLY || page.Protect == PAGE_EXECUTE_READ;
    bool can = page.State == MEM_COMMIT && (access == write_42 ? writable : readable);
    if (can)
        access(address);
    return !can;
}

#endif
