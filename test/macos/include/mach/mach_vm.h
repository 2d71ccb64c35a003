// SPDX-License-Identifier: MIT
// What the library uses of macOS's mach/mach_vm.h and of what that includes: its numbers.
#ifndef MAC_MACH_MACH_VM_H
#define MAC_MACH_MACH_VM_H

#include <stdint.h>

#include <mach/vm_region.h>

typedef uint64_t mach_vm_address_t, mach_vm_size_t;
enum { MEMORY_OBJECT_NULL = 0, VM_PROT_NONE = 0, VM_INHERIT_COPY = 1 };
enum { VM_FLAGS_FIXED = 0, VM_FLAGS_ANYWHERE = 1, VM_FLAGS_OVERWRITE = 0x4000 };

int mach_vm_map(unsigned task, mach_vm_address_t *address, uint64_t n_bytes, uint64_t mask,
                int flags, unsigned object, uint64_t offset, unsigned copy, int protection,
                int most, unsigned inheritance);

int mach_vm_region(unsigned task, mach_vm_address_t *address, mach_vm_size_t *ret_bytes, int flavor,
                   vm_region_info_t ret_info, mach_msg_type_number_t *count,
                   mach_port_t *ret_object);

#endif
