// SPDX-License-Identifier: MIT
// What the library uses of macOS's mach/vm_region.h: numbers, and a structure that is packed to 4
// bytes there.
#ifndef MAC_MACH_VM_REGION_H
#define MAC_MACH_VM_REGION_H

#include <stddef.h>

typedef int *vm_region_info_t;
typedef unsigned mach_msg_type_number_t, mach_port_t;

enum { VM_REGION_TOP_INFO = 12 };
enum { SM_COW = 1, SM_PRIVATE = 2, SM_EMPTY = 3, SM_SHARED = 4 };

#pragma pack(push, 4)
typedef struct vm_region_top_info {
    unsigned obj_id, ref_count, private_pages_resident, shared_pages_resident;
    unsigned char share_mode;
} vm_region_top_info_data_t;
#pragma pack(pop)
enum { VM_REGION_TOP_INFO_COUNT = sizeof(vm_region_top_info_data_t) / sizeof(unsigned) };

_Static_assert(VM_REGION_TOP_INFO_COUNT == 5, "as Apple has it");
_Static_assert(offsetof(vm_region_top_info_data_t, share_mode) == 16, "as Apple has it");

#endif
