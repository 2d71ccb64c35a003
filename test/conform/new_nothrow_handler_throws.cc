// SPDX-License-Identifier: MIT
// A handler may throw bad_alloc to say that it has nothing left; nothrow new turns that into null.
#include "new_fails.h"

namespace
{

void throw_bad_alloc()
{
    handler_calls++;
    throw std::bad_alloc();
}

void becomes_null()
{
    arm(throw_bad_alloc);
    CHECK_NULL(::operator new(opaque(SIZE_MAX / 2 + 1), std::nothrow));
    CHECK_NULL(::operator new[](opaque(SIZE_MAX / 2 + 1), std::nothrow));
    CHECK_NULL(::operator new(opaque(SIZE_MAX / 2 + 1), wide, std::nothrow));
    CHECK_NULL(::operator new[](opaque(SIZE_MAX / 2 + 1), wide, std::nothrow));
    CHECK_EQ(handler_calls, 4);
}

} // namespace

CHECK_MAIN(becomes_null)
