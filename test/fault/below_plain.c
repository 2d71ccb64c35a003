// SPDX-License-Identifier: MIT
#include "below.h"

#include "region/size_class.h"

void below_flush(void)
{
}

size_t below_held_bytes(void)
{
    return 0;
}

size_t below_place_bytes(size_t n_bytes)
{
    return bp_class[bp_class_for(n_bytes)].object_bytes;
}

bool below_is_random(void)
{
    return false;
}

bool below_is_secret(void)
{
    return true; // there is nothing to draw
}
