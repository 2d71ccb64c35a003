// SPDX-License-Identifier: MIT
#include "region/link.h"

#include "region/size_class.h"

void bp_link_die(const void *object)
{
    size_t offset = (size_t)object - (size_t)bp_hot.base;
    bp_die_corrupt(bp_class[bp_key_class(bp_chunk_map()[offset >> BP_CHUNK_SHIFT])].object_bytes);
}
