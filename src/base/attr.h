// SPDX-License-Identifier: MIT
// What the compiler is told about code: the only place with compiler conditionals.
// Hot functions are inlined into the exported ones; cold ones are kept out of their way.
#ifndef BP_BASE_ATTR_H
#define BP_BASE_ATTR_H

#if !defined(__GNUC__) && !defined(__clang__)
#error "libbumpalloc needs gcc or clang"
#endif

#define BP_LIKELY(x)    __builtin_expect(!!(x), 1)
#define BP_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define BP_HOT          static inline __attribute__((always_inline))
#define BP_COLD         __attribute__((noinline, cold))
#define BP_NOINLINE     __attribute__((noinline))
#define BP_NORETURN     __attribute__((noreturn))
#define BP_EXPORT       __attribute__((visibility("default"), used))
#define BP_HIDDEN       __attribute__((visibility("hidden"))) // on declarations: no detour by the GOT
#define BP_VISIBLE      __attribute__((visibility("default"))) // on declarations: may be the program's
#define BP_WEAK         __attribute__((weak))
#define BP_USED         __attribute__((used)) // known to an asm or the linker alone
#define BP_LINE_ALIGNED __attribute__((aligned(64)))

// What clang's -Wthread-safety proves: who takes and gives which lock. Other compilers ignore it.
#if defined(__clang__)
#define BP_PROVE(claim) __attribute__((claim))
#else
#define BP_PROVE(claim)
#endif

// Makes the compiler keep a value in its register instead of loading it again.
#define BP_KEEP(value) __asm__("" : "+r"(value))

#endif
