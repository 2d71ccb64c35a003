// SPDX-License-Identifier: MIT
// new[] and delete.
#include "crime.h"

#include <new>

int main(void)
{
    void *p = crime(::operator new[](100));
    ::operator delete(p);
    return 0;
}
