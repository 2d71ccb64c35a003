// SPDX-License-Identifier: MIT
// memalign rounds an alignment that is no power of two up to the next one.
#include "conform.h"

static const struct {
    size_t asked, given;
} alignments[] = {{0, 16},         {1, 16},           {3, 16},      {8, 16},      {16, 16},
                  {17, 32},        {24, 32},          {33, 64},     {48, 64},     {65, 128},
                  {100, 128},      {1000, 1024},      {3000, 4096}, {4096, 4096}, {5000, 8192},
                  {65537, 131072}, {3 * MIB, 4 * MIB}};

static void rounds_up(void)
{
    static const size_t sizes[] = {0, 1, 16, 48, 100, 1000, 5000, 100000};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            errno = 0;
            char *p = memalign(opaque(alignments[i].asked), sizes[k]);
            CHECK_FMT(p && ((uintptr_t)p & (alignments[i].given - 1)) == 0,
                      "memalign(%zu, %zu) is %p", alignments[i].asked, sizes[k], (void *)p);
            CHECK_EQ(errno, 0);
            if (!CHECK_BLOCK(p))
                continue;
            memset(p, 0x5a, malloc_usable_size(p));
            free(p);
        }
}

// Above 2^63 there is nothing to round up to.
static void cannot_round_up(void)
{
    static const size_t beyond[] = {SIZE_MAX, SIZE_MAX / 2 + 2, SIZE_MAX - 4095};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        errno = 0;
        CHECK_NULL(memalign(opaque(beyond[i]), 1));
        CHECK_FMT(errno == EINVAL || errno == ENOMEM, "errno is %d", errno);
    }
}

CHECK_MAIN(rounds_up, cannot_round_up)
