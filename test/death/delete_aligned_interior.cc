// SPDX-License-Identifier: MIT
// aligned operator delete of a pointer into a large block.
#include "crime.h"

#include <new>

int main()
{
    char *p = static_cast<char *>(::operator new(LARGE_BYTES, std::align_val_t(64)));
    ::operator delete(crime(p + 64), std::align_val_t(64));
    return 0;
}
