// SPDX-License-Identifier: MIT
// The least C++ program there is: nothing but operator new itself asks libstdc++ for the means to
// throw bad_alloc, so the archive has to.
#include <new>

int main(int argc, char **)
{
    try {
        ::operator delete(::operator new((unsigned long)-1 / 2 + (unsigned long)argc));
    } catch (const std::bad_alloc &) {
        return 0;
    }
    return 1;
}
