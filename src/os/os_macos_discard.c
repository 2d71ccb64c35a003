// SPDX-License-Identifier: MIT
// macOS: pages that nobody needs, and the same pages in use again. MADV_FREE_REUSABLE takes them
// out of the process's footprint at once, and out of memory when somebody wants it. It leaves the
// kernel's map as it is, where fresh pages mapped over them would cut an entry in three. But it
// does nothing, and says that it did (XNU, vm_map_reusable_pages),
//  - where the entry's object has a shadow or other users: after a fork, until the child is gone;
//    or because an entry was cut, and its parts have one object;
//  - in all of a process whose pages are smaller than the kernel's (Rosetta).
// So the kernel is asked before: VM_REGION_TOP_INFO says SM_PRIVATE for an object without a shadow
// and with one user (vm_map_region_top_walk), SM_EMPTY where there is none yet. What is anything
// else is mapped afresh. If another thread forks or cuts the entry in between, the pages stay in
// memory until they are used again, and no more than that.
#include "os/fault.h"
#include "os/os.h"
#include "os/os_posix.h"

#include <errno.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <sys/mman.h>

// Where the entry around the address ends, and how it is shared; false if there is none.
static bool entry_at(mach_vm_address_t address, mach_vm_address_t *ret_end, unsigned char *ret_mode)
{
    vm_region_top_info_data_t info = {.share_mode = 0};
    mach_msg_type_number_t count = VM_REGION_TOP_INFO_COUNT;
    mach_vm_address_t begin = address; // of the next entry, if it is in none
    mach_vm_size_t n_bytes = 0;
    mach_port_t object; // always null
    if (bp_os_injected_fault(BP_OS_ASK))
        return false;
    if (mach_vm_region(mach_task_self(), &begin, &n_bytes, VM_REGION_TOP_INFO,
                       (vm_region_info_t)&info, &count, &object) != KERN_SUCCESS)
        return false;
    *ret_end = begin + n_bytes;
    *ret_mode = info.share_mode;
    return begin <= address;
}

// Would the kernel take all of it?
static bool is_taken(mach_vm_address_t at, mach_vm_address_t until)
{
    unsigned char mode;
    if (vm_kernel_page_size > bp_os_page_bytes())
        return false;
    while (at < until) {
        if (!entry_at(at, &at, &mode) || (mode != SM_PRIVATE && mode != SM_EMPTY))
            return false;
    }
    return true;
}

static int advise(void *addr, size_t n_bytes, int advice)
{
    int saved = errno;
    return bp_os_outcome(saved, madvise(addr, n_bytes, advice) == -1);
}

int bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    uintptr_t from = (uintptr_t)addr;
    int code = bp_os_injected_fault(BP_OS_PURGE);
    void *same;
    *ret_zero = false;
    if (code)
        return code;
    if (is_taken(from, from + n_bytes) && !advise(addr, n_bytes, MADV_FREE_REUSABLE))
        return 0;
    *ret_zero = true;
    code = bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED, &same);
    if (code)
        bp_os_reuse(addr, n_bytes); // a part may have been taken
    return code;
}

void bp_os_reuse(void *addr, size_t n_bytes)
{
    advise(addr, n_bytes, MADV_FREE_REUSE);
}
