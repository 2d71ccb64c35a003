// SPDX-License-Identifier: MIT
// The public functions of the dylib under their own names in the program. A jump through a pointer
// leaves all registers as they were, so none of their parameters needs to be known here.
#include "image.h"
#include "libsystem.h"

#include <stdlib.h>

#define NAMES(_)                                                                                   \
    _(bump_arena_alloc_slow)                                                                       \
    _(bump_arena_allocator) _(bump_arena_available) _(bump_arena_calloc) _(                        \
        bump_arena_committed) _(bump_arena_create) _(bump_arena_destroy) _(bump_arena_estimate)    \
        _(bump_arena_free_last) _(bump_arena_high_water) _(bump_arena_mark) _(bump_arena_owns) _(  \
            bump_arena_prepare) _(bump_arena_reserved) _(bump_arena_reset)                         \
            _(bump_arena_reset_hard) _(bump_arena_reset_keep) _(bump_arena_resize) _(              \
                bump_arena_rewind) _(bump_arena_set_learning) _(bump_arena_trim)                   \
                _(bump_arena_used) _(bump_large_alloc) _(bump_large_alloc_auto) _(                 \
                    bump_large_config_get) _(bump_large_config_throughput) _(bump_large_configure) \
                    _(bump_large_enable) _(bump_large_free) _(bump_large_kind) _(                  \
                        bump_large_prefetch) _(bump_large_purge) _(bump_large_set_range)           \
                        _(bump_large_usable) _(bump_purge) _(bump_region_allocator) _(             \
                            bump_region_commit) _(bump_region_create)                              \
                            _(bump_region_create_aligned) _(bump_region_decommit) _(               \
                                bump_region_destroy) _(bump_region_open) _(bump_region_populate)   \
                                _(bump_region_prefetch) _(bump_region_prot) _(bump_region_protect) \
                                    _(bump_region_resize) _(bump_region_set_growth) _(             \
                                        bump_region_set_prot) _(bump_region_sync)                  \
                                        _(bump_stable_alloc) _(bump_stable_free) _(                \
                                            bump_stable_max) _(bump_stable_realloc)                \
                                            _(bump_stable_resize) _(bump_stable_usable) _(         \
                                                bump_stats_files) _(bump_stats_get)                \
                                                _(bump_stats_large) _(bump_stats_small) _(         \
                                                    bump_stats_write) _(bump_stream_close)         \
                                                    _(bump_stream_file) _(bump_stream_getc) _(     \
                                                        bump_stream_open) _(bump_stream_pread)     \
                                                        _(bump_stream_putc) _(bump_stream_pwrite)  \
                                                            _(bump_stream_read)                    \
                                                                _(bump_stream_seek)                \
                                                                    _(bump_stream_truncate)        \
                                                                        _(bump_stream_write)       \
                                                                            _(bump_strerror)

#if defined(__aarch64__)
#define JUMP(name) "adrp x16, to_" #name "\n ldr x16, [x16, :lo12:to_" #name "]\n br x16\n"
#else
#define JUMP(name) "jmp *to_" #name "(%rip)\n"
#endif
#define TRAMPOLINE(name)                                                                           \
    __attribute__((visibility("hidden"), used)) void *to_##name;                                   \
    __asm__(".text\n.globl " #name "\n.type " #name ", %function\n" #name ":\n" JUMP(name));

NAMES(TRAMPOLINE)

#define FOUND(name)                                                                                \
    to_##name = image_symbol(image, #name);                                                        \
    if (!to_##name)                                                                                \
        abort();

void shim_api_find(const struct image *image)
{
    NAMES(FOUND)
}
