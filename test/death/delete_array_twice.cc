// SPDX-License-Identifier: MIT
// A large block freed twice, by operator delete[].
#include "crime.h"

#include <new>

int main()
{
    void *p = crime(::operator new[](LARGE_BYTES)), *volatile again = p;
    ::operator delete[](p);
    ::operator delete[](again);
    return 0;
}
