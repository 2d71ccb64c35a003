// SPDX-License-Identifier: MIT
// new of nothing: not null, and distinct while it lives.
#include "conform.h"

#include <algorithm>
#include <new>

namespace
{

constexpr size_t kCount = 500;

void *make(size_t i)
{
    const size_t nothing = opaque(0);
    switch (i % 4) {
    case 0:
        return ::operator new(nothing);
    case 1:
        return ::operator new[](nothing);
    case 2:
        return ::operator new(nothing, std::nothrow);
    default:
        return ::operator new[](nothing, std::nothrow);
    }
}

void destroy(void *p, size_t i)
{
    if (i % 2)
        ::operator delete[](p);
    else
        ::operator delete(p);
}

void all_distinct()
{
    static void *blocks[kCount], *sorted[kCount];
    for (size_t i = 0; i < kCount; i++) {
        blocks[i] = sorted[i] = make(i);
        CHECK_BLOCK(blocks[i]);
    }
    std::sort(sorted, sorted + kCount);
    CHECK(std::adjacent_find(sorted, sorted + kCount) == sorted + kCount);
    for (size_t i = 0; i < kCount; i++)
        destroy(blocks[i], i);
}

void empty_arrays()
{
    int *p = new int[opaque(0)], *q = new int[opaque(0)];
    CHECK_BLOCK(p);
    CHECK_BLOCK(q);
    CHECK(p != q);
    delete[] p;
    delete[] q;
}

void aligned_and_empty()
{
    void *p = ::operator new(opaque(0), std::align_val_t(256));
    void *q = ::operator new(opaque(0), std::align_val_t(256));
    CHECK_ALIGNED(p, 256);
    CHECK_ALIGNED(q, 256);
    CHECK(p != q);
    ::operator delete(p, std::align_val_t(256));
    ::operator delete(q, std::align_val_t(256));
}

} // namespace

CHECK_MAIN(all_distinct, empty_arrays, aligned_and_empty)
