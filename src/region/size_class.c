// SPDX-License-Identifier: MIT
#include "region/size_class.h"

#include "reserve/strict.h"

// A magazine holds as many objects as a span, and at least 4.
#define CLASS(bytes)                                                                               \
    {                                                                                              \
        .object_bytes = (bytes), .magazine_capacity = (bytes) <= 16384 ? 65536 / (bytes) : 4,      \
        .span_objects = (65536 - BP_SPAN_GUARD_BYTES) / (bytes),                                   \
    }

#define INVERSE(bytes) UINT32_MAX / (bytes) + 1,
#define SIZED(bytes)   CLASS(bytes),

// clang-format off
#define CLASSES(X) \
    X(16) X(32) X(48) X(64) X(80) X(96) X(112) X(128) \
    X(144) X(160) X(176) X(192) X(208) X(224) X(240) X(256) \
    X(288) X(320) X(352) X(384) X(416) X(448) X(480) X(512) \
    X(576) X(640) X(704) X(768) X(832) X(896) X(960) X(1024) \
    X(1280) X(1536) X(1792) X(2048) X(2560) X(3072) X(3584) X(4096) \
    X(5120) X(6144) X(7168) X(8192) X(10240) X(12288) X(14336) X(16384) \
    X(20480) X(24576) X(28672) X(32768)
// clang-format on

const struct bp_class bp_class[BP_CLASS_COUNT] = {{0, 0, 0}, CLASSES(SIZED)};
const uint32_t bp_class_inverse[BP_CLASS_COUNT] = {0, CLASSES(INVERSE)};

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
