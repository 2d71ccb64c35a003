// SPDX-License-Identifier: MIT
// operator delete of a pointer into a large block.
#include "crime.h"

#include <new>

int main()
{
    char *p = static_cast<char *>(::operator new(LARGE_BYTES));
    ::operator delete(crime(p + 64));
    return 0;
}
