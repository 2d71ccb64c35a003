// SPDX-License-Identifier: MIT
// A program may replace operator new and delete, and by that all forms that the C++ standard makes
// of them: arrays, nothrow, sized. Here they are a pool that no other allocator could free from.
#include "check.h"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

namespace
{

constexpr size_t align_max = 64;

struct pool {
    alignas(align_max) char bytes[8 << 20];
    size_t used;
    long n_live;
    bool is_short;

    __attribute__((noinline)) void *take(size_t n_bytes)
    {
        size_t rounded = (n_bytes + align_max - 1) / align_max * align_max;
        if (is_short || used + rounded > sizeof(bytes))
            throw std::bad_alloc();
        n_live++;
        used += rounded;
        return bytes + used - rounded;
    }

    __attribute__((noinline)) void give(const void *object)
    {
        if (!object)
            return;
        CHECK(object >= bytes && object < bytes + used);
        n_live--;
    }
};

pool plain, aligned;

} // namespace

void *operator new(size_t n_bytes)
{
    return plain.take(n_bytes);
}

void operator delete(void *object) noexcept
{
    plain.give(object);
}

void *operator new(size_t n_bytes, std::align_val_t)
{
    return aligned.take(n_bytes);
}

void operator delete(void *object, std::align_val_t) noexcept
{
    aligned.give(object);
}

namespace
{

// From each form that allocates to each that frees.
void test_plain_forms()
{
    for (int i = 0; i < 5; i++) {
        void *objects[] = {::operator new(40), ::operator new[](40),
                           ::operator new(40, std::nothrow), ::operator new[](40, std::nothrow),
                           ::operator new(100000)};
        CHECK_FMT(plain.n_live == 5, "%ld", plain.n_live);
        ::operator delete(objects[(0 + i) % 5]);
        ::operator delete[](objects[(1 + i) % 5]);
        ::operator delete(objects[(2 + i) % 5], size_t{40});
        ::operator delete[](objects[(3 + i) % 5], size_t{40});
        ::operator delete[](objects[(4 + i) % 5], std::nothrow);
        CHECK_FMT(plain.n_live == 0, "%ld", plain.n_live);
        ::operator delete(::operator new(8), std::nothrow);
    }
}

void test_aligned_forms()
{
    std::align_val_t at{32};
    for (int i = 0; i < 5; i++) {
        void *objects[] = {::operator new(40, at), ::operator new[](40, at),
                           ::operator new(40, at, std::nothrow),
                           ::operator new[](40, at, std::nothrow), ::operator new(9, at)};
        CHECK_FMT(aligned.n_live == 5, "%ld", aligned.n_live);
        ::operator delete(objects[(0 + i) % 5], at);
        ::operator delete[](objects[(1 + i) % 5], at);
        ::operator delete(objects[(2 + i) % 5], size_t{40}, at);
        ::operator delete[](objects[(3 + i) % 5], size_t{40}, at);
        ::operator delete[](objects[(4 + i) % 5], at, std::nothrow);
        ::operator delete(::operator new(8, at), at, std::nothrow);
        CHECK_FMT(aligned.n_live == 0, "%ld", aligned.n_live);
    }
}

void test_nothrow_catches()
{
    plain.is_short = aligned.is_short = true;
    CHECK(::operator new(8, std::nothrow) == nullptr);
    CHECK(::operator new[](8, std::nothrow) == nullptr);
    CHECK(::operator new(8, std::align_val_t{32}, std::nothrow) == nullptr);
    CHECK(::operator new[](8, std::align_val_t{32}, std::nothrow) == nullptr);
    plain.is_short = aligned.is_short = false;
}

// The runtime's own code: a temporary buffer is a nothrow new, and goes by a plain delete.
void test_library()
{
    std::vector<std::string> words;
    for (int i = 0; i < 1000; i++)
        words.push_back(std::string(30, 'a') + std::to_string(i * 7919 % 1009));
    std::stable_sort(words.begin(), words.end());
    CHECK(std::is_sorted(words.begin(), words.end()));
    CHECK_FMT(plain.n_live > 1000, "%ld", plain.n_live);
}

} // namespace

int main()
{
    check_begin();
    test_plain_forms();
    test_aligned_forms();
    test_nothrow_catches();
    test_library();
    CHECK_FMT(plain.n_live == 0, "%ld", plain.n_live);
    return check_end();
}
