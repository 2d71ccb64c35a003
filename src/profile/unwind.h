// SPDX-License-Identifier: MIT
// The calling thread's stack as return addresses. Invariants:
//  1. Nothing here allocates, takes a lock or enters the dynamic loader: it runs inside malloc.
//  2. Each frame is left by the rule that the compiler wrote for it (DWARF call frame information,
//     x86-64 psABI 3.7), or by the frame pointer where there is none: generated code, assembly.
//  3. Nothing is read of the stack that the kernel was not asked about, page by page, so a wrong
//     rule costs the rest of a stack, not the process.
//  4. Rules found are remembered by their address, so that a frame is some 10 ns. A library that
//     took the place of an unloaded one may meet its rules: then 3 applies.
#ifndef BP_PROFILE_UNWIND_H
#define BP_PROFILE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BP_STACK_MAX = 128 }; // frames kept, innermost first

// How the caller's frame is found from a place in a function.
enum bp_frame_kind {
    BP_FRAME_UNKNOWN,
    BP_FRAME_BY_SP,      // its end is the stack pointer + cfa_offset
    BP_FRAME_BY_FP,      // its end is the frame pointer + cfa_offset
    BP_FRAME_BY_POINTER, // no rule: the frame pointer points at the caller's
    BP_FRAME_LAST,       // nobody called this
};

struct bp_frame_rule {
    int32_t cfa_offset;
    int16_t
        fp_offset; // where the caller's frame pointer is saved, from the end; 0: it is as it was
    uint16_t kind;
};

// The rule for a return address, from its module's tables.
struct bp_frame_rule bp_unwind_rule(const void *table, const void *return_address);

// Return addresses from the caller of the library on; returns how many.
uint32_t bp_unwind_capture(uintptr_t addresses[BP_STACK_MAX]);
// The same, at most so many.
uint32_t bp_unwind_capture_some(uintptr_t *addresses, uint32_t most);
// From any place of the calling thread's stack on, that of pc first, as if it returned there.
uint32_t bp_unwind_from(uintptr_t pc, uintptr_t sp, uintptr_t fp, uintptr_t *addresses,
                        uint32_t most);

#endif
