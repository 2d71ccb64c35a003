// SPDX-License-Identifier: MIT
// Stands in for bp_os_discard and bp_os_reuse, as on a system where discarded pages read anything
// (link with --wrap). Nobody can touch them before they are reused; they read nonsense after that.
#ifndef UNIT_DISCARD_STUB_H
#define UNIT_DISCARD_STUB_H

#include "os/fault.h"
#include "os/os.h"
#include "reserve/reserve.h"
#include "unit.h"

static struct {
    bool (*discards)(void); // would the system discard this time, or purge? NULL: purge
    bool zero;              // what the last call answered
    unsigned taken, reused; // calls that discarded; pages that were reused
} stub = {.zero = true};

#if !defined(_WIN32)
#include <sys/mman.h>

enum { STUB_PAGE = 4096, STUB_PAGES = 1 << 16 };
static unsigned char stub_discarded[STUB_PAGES]; // of the reservation's first pages

static inline unsigned char *stub_page(const void *addr)
{
    size_t page = (size_t)((const char *)addr - bp_reservation.base) / STUB_PAGE;
    REQUIRE(page < STUB_PAGES);
    return &stub_discarded[page];
}

int __real_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero);
int __wrap_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero);
int __wrap_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    if (!stub.discards || !stub.discards()) {
        bp_os_reuse(addr, n_bytes);
        int code = __real_bp_os_discard(addr, n_bytes, ret_zero);
        __atomic_store_n(&stub.zero, true, __ATOMIC_RELAXED);
        return code;
    }
    int code = bp_os_injected_fault(BP_OS_PURGE);
    if (code)
        return code;
    REQUIRE(mprotect(addr, n_bytes, PROT_NONE) == 0);
    memset(stub_page(addr), 1, n_bytes / STUB_PAGE);
    __atomic_add_fetch(&stub.taken, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&stub.zero, false, __ATOMIC_RELAXED);
    *ret_zero = false;
    return 0;
}

void __wrap_bp_os_reuse(void *addr, size_t n_bytes);
void __wrap_bp_os_reuse(void *addr, size_t n_bytes)
{
    for (char *at = addr; at < (char *)addr + n_bytes; at += STUB_PAGE) {
        if (!*stub_page(at))
            continue;
        *stub_page(at) = 0;
        __atomic_add_fetch(&stub.reused, 1, __ATOMIC_RELAXED);
        REQUIRE(mprotect(at, STUB_PAGE, PROT_READ | PROT_WRITE) == 0);
        memset(at, 0xd5, STUB_PAGE);
    }
}

// A new mapping forgets; so does a commit after a decommit.
static inline bool stub_is_discarded(const void *addr)
{
    return *stub_page(addr) != 0;
}
#endif

#endif
