// SPDX-License-Identifier: MIT
// The base layer is headers; this unit checks the facts that they promise.
#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/limits.h"

_Static_assert(BP_CHUNK_BYTES % 65536 == 0, "a chunk is a multiple of every page size in use");
_Static_assert(BP_SMALL_MAX <= BP_CHUNK_BYTES, "a small object fits a chunk");
_Static_assert(BP_SMALL_MAX % BP_OBJECT_ALIGN == 0, "the key table ends on a class");
_Static_assert(sizeof(bp_atomic_size) == sizeof(size_t), "atomics are plain words");
_Static_assert(sizeof(bp_atomic_ptr) == sizeof(void *), "atomics are plain words");
