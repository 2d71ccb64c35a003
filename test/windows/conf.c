// SPDX-License-Identifier: MIT
// Options: those that the program defines, and the environment before them; statistics by them.
#include "check.h"

#include "bumpalloc/bumpalloc.h"
#include "core/options.h"

const char *bumpalloc_conf = "purge_floor=3M,purge_share=7";

int main(void)
{
    check_begin();
    free(malloc(10));
    CHECK_EQ(bp_options.purge_floor_bytes, 3 << 20);
    CHECK_EQ(bp_options.purge_share_percent, 9); // BUMPALLOC_PURGE_SHARE=9
    return check_end();
}
