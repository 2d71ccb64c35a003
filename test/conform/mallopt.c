// SPDX-License-Identifier: MIT
// mallopt: known parameters are accepted; allocation goes on as before.
#include "conform.h"

static const struct {
    int parameter, value;
} settings[] = {
    {M_MXFAST, 64},        {M_TRIM_THRESHOLD, 128 * KIB},
    {M_TOP_PAD, 64 * KIB}, {M_MMAP_THRESHOLD, MIB},
    {M_MMAP_MAX, 1000},    {M_CHECK_ACTION, 3},
    {M_ARENA_TEST, 2},     {M_ARENA_MAX, 2},
    {M_PERTURB, 0},        {M_TRIM_THRESHOLD, -1},
};

static void known_parameters(void)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        CHECK_FMT(mallopt(settings[i].parameter, settings[i].value) == 1, "parameter %d, value %d",
                  settings[i].parameter, settings[i].value);
        check_heap_apart();
    }
}

static void errno_is_kept(void)
{
    errno = 4242;
    mallopt(M_ARENA_MAX, 1);
    CHECK_EQ(errno, 4242);
}

CHECK_MAIN(known_parameters, errno_is_kept)
