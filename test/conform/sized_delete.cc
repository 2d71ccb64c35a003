// SPDX-License-Identifier: MIT
// The size and alignment passed to delete are not trusted: programs get them wrong.
#include "conform.h"

#include <new>

namespace
{

using align = std::align_val_t;
constexpr size_t kSizes[] = {1, 16, 100, 1000, 1024, 20000, 32768, 70000, 2000000};
constexpr size_t kClaims[] = {0, 1, 16, 50, 4096, 32769, 1 << 20, SIZE_MAX};

void wrong_sizes()
{
    for (size_t n_bytes : kSizes)
        for (size_t claim : kClaims)
            for (int i = 0; i < 10; i++) {
                ::operator delete(::operator new(n_bytes), opaque(claim));
                ::operator delete[](::operator new[](n_bytes), opaque(claim));
                ::operator delete(::operator new(n_bytes, align(64)), opaque(claim), align(64));
                ::operator delete[](::operator new[](n_bytes, align(64)), opaque(claim), align(64));
            }
    check_heap_apart();
}

void wrong_alignments()
{
    for (size_t n_bytes : kSizes)
        for (size_t alignment = 1; alignment <= 65536; alignment *= 4) {
            ::operator delete(::operator new(n_bytes, align(256)), align(opaque(alignment)));
            ::operator delete[](::operator new[](n_bytes, align(256)), n_bytes,
                                align(opaque(alignment)));
        }
    check_heap_apart();
}

// The common mistake: a base class without a virtual destructor.
struct base {
    long number = 1;
};

struct derived : base {
    char more[600] = {};
};

void deleted_through_its_base()
{
    for (int i = 0; i < 1000; i++)
        ::operator delete(static_cast<void *>(new derived), sizeof(base));
    check_heap_apart();
}

void memory_comes_back()
{
    size_t before = resident_bytes();
    for (size_t i = 0; i < 4000; i++) {
        void *p = ::operator new(300 * KIB), *q = ::operator new(3000);
        touch(p, 300 * KIB);
        touch(q, 3000);
        ::operator delete(p, kClaims[i % 8]);
        ::operator delete(q, kClaims[i % 8]);
    }
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

} // namespace

CHECK_MAIN(wrong_sizes, wrong_alignments, deleted_through_its_base, memory_comes_back)
