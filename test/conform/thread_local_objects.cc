// SPDX-License-Identifier: MIT
// C++ objects at the edges of life: thread_local and static ones with allocating destructors, and
// exceptions thrown where they go.
#include "conform.h"

#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

int destroyed;

struct holder {
    std::map<int, std::string> texts;
    ~holder()
    {
        std::vector<std::string> copy;
        for (auto &entry : texts)
            copy.push_back(entry.second + entry.second);
        size_t n_bytes = 0;
        for (auto &text : copy)
            n_bytes += text.size();
        CHECK_EQ(n_bytes, 2 * 100 * texts.size());
        __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
    }
};

thread_local holder per_thread;
holder *leaked_until_exit = new holder; // allocated by a static initialiser

void fill(int thread)
{
    for (int i = 0; i < 50; i++)
        per_thread.texts[i] = std::string(100, (char)('a' + (thread + i) % 26));
}

void thread_locals()
{
    for (int round = 0; round < 30; round++) {
        std::thread first(fill, round), second(fill, round + 1);
        first.join();
        second.join();
    }
    CHECK_EQ(destroyed, 60);
}

void exceptions()
{
    for (int i = 0; i < 200; i++)
        try {
            throw std::runtime_error(std::string((size_t)i * 10, 'x'));
        } catch (const std::exception &e) {
            CHECK_EQ(strlen(e.what()), (size_t)i * 10);
        }
}

void static_objects()
{
    CHECK(owned(leaked_until_exit));
    leaked_until_exit->texts[1] = std::string(100, 'z');
    CHECK(owned(leaked_until_exit->texts[1].data()));
    delete leaked_until_exit;
}

} // namespace

CHECK_MAIN(thread_locals, exceptions, static_objects)
