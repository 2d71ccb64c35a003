// SPDX-License-Identifier: MIT
// C++ on the library: operators of every form, containers, streams, exceptions, threads. The
// runtime's operators call malloc, so each block has to be the library's.
#include "check.h"

#include "bumpalloc/bumpalloc.h"

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>
#include <windows.h>
#if defined(_GLIBCXX_HAS_GTHREADS)
#include <thread>
#endif

static void operators()
{
    struct alignas(128) wide {
        char bytes[300];
    };
    auto *one = new int(5);
    auto *many = new std::string[100];
    auto *aligned = new wide;
    auto *aligned_many = new wide[7];
    auto *quiet = new (std::nothrow) char[70000];
    CHECK(bump_owns(one) && bump_owns(many) && bump_owns(aligned) && bump_owns(aligned_many) &&
          bump_owns(quiet));
    CHECK_ALIGNED(aligned, 128);
    CHECK_ALIGNED(aligned_many, 128);
    delete one;
    delete[] many;
    delete aligned;
    delete[] aligned_many;
    delete[] quiet;
}

static int handler_calls;

static void no_memory()
{
    volatile std::size_t huge = static_cast<std::size_t>(PTRDIFF_MAX);
    CHECK(!::operator new(huge, std::nothrow));
    bool caught = false;
    std::set_new_handler([] {
        if (++handler_calls == 3)
            std::set_new_handler(nullptr);
    });
    try {
        ::operator delete(::operator new(huge));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    CHECK_EQ(handler_calls, 3);
}

static void containers()
{
    std::map<std::string, std::vector<int>> map;
    std::unordered_map<int, std::unique_ptr<std::string>> hashed;
    std::list<std::string> list;
    for (int i = 0; i < 20000; i++) {
        map["key number " + std::to_string(i % 500)].push_back(i);
        hashed[i] = std::make_unique<std::string>(i % 100, 'x');
        list.push_back(std::to_string(i));
    }
    list.sort();
    CHECK_STR(list.back().c_str(), "9999");
    CHECK_EQ(map.size(), 500);
    CHECK(bump_owns(map.begin()->second.data()) && bump_owns(hashed[99]->data()));
}

static void streams()
{
    std::ostringstream out;
    for (int i = 0; i < 50000; i++)
        out << i << ' ' << i * 0.5 << '\n';
    std::istringstream in(out.str());
    long long sum = 0, i;
    double half;
    while (in >> i >> half)
        sum += i + static_cast<long long>(2 * half);
    CHECK_EQ(sum, 2499950000LL);
}

static int thrown(int depth)
{
    std::vector<std::string> ballast(3, std::string(100, 'b'));
    if (depth == 0)
        throw std::runtime_error("at the bottom, with a text that does not fit into the object");
    return thrown(depth - 1) + static_cast<int>(ballast.size());
}

static void exceptions()
{
    int caught = 0;
    for (int i = 0; i < 1000; i++) {
        try {
            thrown(i % 20);
        } catch (const std::exception &error) {
            caught += std::string(error.what()).size() > 20;
        }
    }
    CHECK_EQ(caught, 1000);
}

// A pointer: the memory of thread_local objects is mingw's, which frees it before it calls their
// destructors.
static thread_local std::vector<std::string> *here;

static void thread_work()
{
    here = new std::vector<std::string>;
    for (int i = 0; i < 1000; i++)
        here->push_back(std::string(static_cast<std::size_t>(i), 't'));
    CHECK(bump_owns(here->back().data()));
    exceptions();
    streams();
    delete here;
}

static DWORD WINAPI native_thread(void *)
{
    thread_work();
    return 0;
}

static void threads()
{
    HANDLE native[4];
    for (auto &thread : native)
        thread = CreateThread(nullptr, 0, native_thread, nullptr, 0, nullptr);
    CHECK_EQ(WaitForMultipleObjects(4, native, TRUE, 60000), WAIT_OBJECT_0);
#if defined(_GLIBCXX_HAS_GTHREADS)
    std::vector<std::thread> std_threads;
    for (int i = 0; i < 4; i++)
        std_threads.emplace_back(thread_work);
    for (auto &thread : std_threads)
        thread.join();
#endif
}

CHECK_MAIN(operators, no_memory, containers, streams, exceptions, threads)
