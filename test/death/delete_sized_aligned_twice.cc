// SPDX-License-Identifier: MIT
// A large block freed twice, by sized and aligned operator delete.
#include "crime.h"

#include <new>

int main()
{
    void *p = crime(::operator new(LARGE_BYTES, std::align_val_t(64))), *volatile again = p;
    ::operator delete(p, std::size_t(LARGE_BYTES), std::align_val_t(64));
    ::operator delete(again, std::size_t(LARGE_BYTES), std::align_val_t(64));
    return 0;
}
