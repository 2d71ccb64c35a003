// SPDX-License-Identifier: MIT
#include "region/size_class.h"

// A magazine holds as many objects as a span, and at least 4.
#define CLASS(bytes)                                                                               \
    {                                                                                              \
        .object_bytes = (bytes), .magazine_capacity = (bytes) <= 16384 ? 65536 / (bytes) : 4,      \
        .span_objects = 65536 / (bytes),                                                           \
    }

const struct bp_class bp_class[BP_CLASS_COUNT] = {
    {0, 0, 0},    CLASS(16),    CLASS(32),    CLASS(48),    CLASS(64),    CLASS(80),
    CLASS(96),    CLASS(112),   CLASS(128),   CLASS(144),   CLASS(160),   CLASS(176),
    CLASS(192),   CLASS(208),   CLASS(224),   CLASS(240),   CLASS(256),   CLASS(288),
    CLASS(320),   CLASS(352),   CLASS(384),   CLASS(416),   CLASS(448),   CLASS(480),
    CLASS(512),   CLASS(576),   CLASS(640),   CLASS(704),   CLASS(768),   CLASS(832),
    CLASS(896),   CLASS(960),   CLASS(1024),  CLASS(1280),  CLASS(1536),  CLASS(1792),
    CLASS(2048),  CLASS(2560),  CLASS(3072),  CLASS(3584),  CLASS(4096),  CLASS(5120),
    CLASS(6144),  CLASS(7168),  CLASS(8192),  CLASS(10240), CLASS(12288), CLASS(14336),
    CLASS(16384), CLASS(20480), CLASS(24576), CLASS(28672), CLASS(32768),
};

void bp_class_fill_keys(uint16_t keys[BP_KEY_COUNT], unsigned owner)
{
    size_t at = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        uint16_t key = (uint16_t)bp_key(i, owner);
        while (at <= bp_class[i].object_bytes / 16)
            keys[at++] = key;
    }
}

unsigned bp_class_for_aligned(size_t n, size_t align)
{
    if (n > BP_SMALL_MAX || align > BP_SMALL_MAX)
        return 0;
    unsigned it = bp_class_for(bp_max(n, align));
    while (it < BP_CLASS_COUNT && bp_class[it].object_bytes % align)
        it++;
    return it < BP_CLASS_COUNT ? it : 0;
}
