// SPDX-License-Identifier: MIT
// realloc to a size that cannot be: NULL, ENOMEM, and the old block as it was, in place.
#include "conform.h"

static const size_t impossible[] = {(size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX,      SIZE_MAX,
                                    SIZE_MAX - 15,           SIZE_MAX - 65536, (size_t)1 << 62,
                                    (size_t)1 << 48};

static void old_block_survives(void)
{
    static const size_t sizes[] = {1, 100, 1000, 32768, 40000, 200000, 3 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n_bytes = sizes[i];
        char *p = malloc(n_bytes);
        REQUIRE(p);
        pattern_fill(p, n_bytes, i);
        size_t usable = malloc_usable_size(p);
        for (size_t k = 0; k < sizeof impossible / sizeof impossible[0]; k++) {
            CHECK_NO_MEMORY(realloc(opaque_ptr(p), opaque(impossible[k])));
            CHECK_NO_MEMORY(reallocarray(opaque_ptr(p), opaque(impossible[k]), 1));
        }
        CHECK_EQ(malloc_usable_size(p), usable);
        CHECK_EQ(pattern_mismatch(p, n_bytes, i), n_bytes);
        p = realloc(p, n_bytes + 1);
        REQUIRE(p);
        CHECK_EQ(pattern_mismatch(p, n_bytes, i), n_bytes);
        free(p);
    }
}

CHECK_MAIN(old_block_survives)
