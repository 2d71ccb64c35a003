// SPDX-License-Identifier: MIT
// A C++ program that was linked with the library: new, containers, streams, threads, exceptions.
#include "check.h"

#include <bumpalloc/bumpalloc.h>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace
{

void operators()
{
    auto one = std::make_unique<int>(7);
    auto many = std::make_unique<double[]>(100000);
    void *wide = ::operator new(100, std::align_val_t(4096));
    CHECK(bump_owns(one.get()));
    CHECK(bump_owns(many.get()));
    CHECK(bump_owns(wide));
    CHECK_ALIGNED(wide, 4096);
    ::operator delete(wide, std::align_val_t(4096));
}

void containers_and_streams()
{
    std::map<int, std::vector<std::string>> table;
    for (int i = 0; i < 2000; i++)
        table[i % 100].push_back(std::to_string(i) + std::string(50, '.'));
    std::ostringstream out;
    for (auto &row : table)
        out << row.first << ' ' << row.second.back().substr(0, 4) << '\n';
    CHECK(bump_owns(table[5][0].data()));
    CHECK(out.str().compare(0, 7, "0 1900\n") == 0);
    std::cout << out.str().size() << std::endl;
}

void threads_throw()
{
    int caught = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&caught] {
            try {
                throw std::string(1000, 'x');
            } catch (const std::string &text) {
                __atomic_add_fetch(&caught, bump_owns(text.data()) ? 1 : 0, __ATOMIC_RELAXED);
            }
        });
    for (auto &thread : threads)
        thread.join();
    CHECK_EQ(caught, 4);
}

void no_memory_is_an_exception()
{
    volatile size_t n_bytes = (size_t)PTRDIFF_MAX + 1;
    bool caught = false;
    try {
        ::operator delete(::operator new(n_bytes));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    CHECK_NULL(::operator new(n_bytes, std::nothrow));
}

} // namespace

CHECK_MAIN(operators, containers_and_streams, threads_throw, no_memory_is_an_exception)
