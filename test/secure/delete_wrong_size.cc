// SPDX-License-Identifier: MIT
// A block deleted as something larger.
#include "crime.h"

#include <new>

int main(void)
{
    void *p = crime(::operator new(1));
    ::operator delete(p, size_t(72));
    return 0;
}
