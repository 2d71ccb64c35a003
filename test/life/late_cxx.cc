// SPDX-License-Identifier: MIT
// C++ objects that live as long as their thread or the program: their destructors allocate and
// free at the very end of both.
#include "check.h"

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

int destroyed;

std::string long_text(int i)
{
    return std::string(40, 'a') + std::to_string(i);
}

// Its destructor verifies what it holds and allocates once more.
struct holder {
    std::map<int, std::string> texts;
    std::vector<std::unique_ptr<std::string>> pieces;

    void fill(int n)
    {
        for (int i = 0; i < n; i++) {
            texts[i] = long_text(i);
            pieces.push_back(std::make_unique<std::string>(long_text(-i)));
        }
    }

    ~holder()
    {
        for (const auto &text : texts)
            CHECK(text.second == long_text(text.first));
        for (size_t i = 0; i < pieces.size(); i++)
            CHECK(*pieces[i] == long_text(-static_cast<int>(i)));
        std::vector<std::string> more;
        for (int i = 0; i < 200; i++)
            more.push_back(long_text(i));
        CHECK(more[150] == long_text(150));
        __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
    }
};

thread_local holder of_thread;

// Constructed first, destroyed last: its verdict covers what is destroyed before it.
struct final_verdict {
    ~final_verdict()
    {
        if (check_failures)
            _exit(check_end());
    }
};

final_verdict verdict;
holder of_program;

void run_thread(int n)
{
    of_thread.fill(n);
}

void thread_objects_end_well()
{
    int before = destroyed;
    for (int round = 0; round < 20; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 12; i++)
            threads.emplace_back(run_thread, 10 * i + 1);
        for (auto &thread : threads)
            thread.join();
    }
    CHECK_EQ(destroyed - before, 20 * 12);
}

void program_objects_are_filled()
{
    of_program.fill(500);
    of_thread.fill(500); // the main thread's, destroyed before the program's
}

} // namespace

CHECK_MAIN(thread_objects_end_well, program_objects_are_filled)
