// SPDX-License-Identifier: MIT
// Over-aligned types by new expressions, and containers of them.
#include "conform.h"

#include <memory>
#include <new>
#include <vector>

namespace
{

template <size_t Alignment> struct alignas(Alignment) over_aligned {
    unsigned char bytes[Alignment + 3];
};

template <size_t Alignment> void one_alignment()
{
    using type = over_aligned<Alignment>;
    type *single = new type, *many = new type[5];
    CHECK_ALIGNED(single, Alignment);
    CHECK_ALIGNED(many, Alignment);
    CHECK_BLOCK(single);
    memset(single, 1, sizeof *single);
    memset(many, 2, 5 * sizeof *many);
    CHECK_EQ(single->bytes[Alignment + 2], 1);
    delete single;
    delete[] many;
    std::vector<type> grows;
    for (int i = 0; i < 20; i++) {
        grows.emplace_back();
        CHECK_ALIGNED(grows.data(), Alignment);
    }
    CHECK_ALIGNED(std::make_unique<type>().get(), Alignment);
}

void all_alignments()
{
    one_alignment<16>();
    one_alignment<32>();
    one_alignment<64>();
    one_alignment<256>();
    one_alignment<4096>();
    one_alignment<65536>();
}

// An array with a destructor keeps its length in front, at its alignment.
int destroyed;

struct alignas(128) counted {
    char byte = 'c';
    ~counted()
    {
        destroyed++;
    }
};

void arrays_with_cookies()
{
    counted *array = new counted[opaque(33)];
    CHECK_ALIGNED(array, 128);
    CHECK_EQ(array[32].byte, 'c');
    delete[] array;
    CHECK_EQ(destroyed, 33);
}

} // namespace

CHECK_MAIN(all_alignments, arrays_with_cookies)
