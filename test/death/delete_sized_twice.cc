// SPDX-License-Identifier: MIT
// A large block freed twice, by sized operator delete.
#include "crime.h"

#include <new>

int main()
{
    void *p = crime(::operator new(LARGE_BYTES)), *volatile again = p;
    ::operator delete(p, std::size_t(LARGE_BYTES));
    ::operator delete(again, std::size_t(LARGE_BYTES));
    return 0;
}
