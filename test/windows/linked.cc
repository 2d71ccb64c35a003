// SPDX-License-Identifier: MIT
// The program of links.py: a user's, who knows of the library no more than that it was linked. What
// C and C++ allocate has to be the library's. Not every libstdc++ that it is linked with has
// threads.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" bool bump_owns(const void *pointer);

static int failures;

static void expect_owned(const char *what, const void *block)
{
    if (bump_owns(block))
        return;
    std::printf("%s is not the library's\n", what);
    failures++;
}

static void c_allocates()
{
    char *block = static_cast<char *>(std::malloc(1000));
    expect_owned("malloc", block);
    block = static_cast<char *>(std::realloc(block, 100000));
    expect_owned("realloc", block);
    std::free(block);
    block = strdup("a text");
    expect_owned("strdup", block);
    std::free(block);
}

static void cxx_allocates()
{
    struct alignas(64) wide {
        char bytes[64];
    };
    auto aligned = std::make_unique<wide>();
    expect_owned("aligned new", aligned.get());
    std::map<std::string, std::vector<int>> map;
    for (int i = 0; i < 10000; i++)
        map["a key of some length " + std::to_string(i % 100)].push_back(i);
    expect_owned("vector", map.begin()->second.data());
    std::ostringstream text;
    for (const auto &entry : map)
        text << entry.first << ' ' << entry.second.size() << '\n';
    failures += text.str().size() != 2790;
}

static void cxx_throws()
{
    try {
        throw std::runtime_error(std::string(1000, 'x'));
    } catch (const std::exception &error) {
        failures += std::strlen(error.what()) != 1000;
    }
}

int main()
{
    c_allocates();
    cxx_allocates();
    cxx_throws();
    std::printf("%s\n", failures ? "failed" : "linked");
    return failures != 0;
}
