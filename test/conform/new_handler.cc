// SPDX-License-Identifier: MIT
// A new that fails calls the new handler until it gives up, then throws bad_alloc.
#include "new_fails.h"

#if !defined(_WIN32)
#include <sys/resource.h>
#endif

namespace
{

constexpr new_form kForms[4] = {
    [](size_t n) { return ::operator new(n); },
    [](size_t n) { return ::operator new[](n); },
    [](size_t n) { return ::operator new(n, wide); },
    [](size_t n) { return ::operator new[](n, wide); },
};

template <typename Exception> bool throws(new_form form, size_t n_bytes)
{
    try {
        void *p = form(n_bytes);
        CHECK_FMT(false, "new of %zu bytes yields %p", n_bytes, p);
        return false;
    } catch (const Exception &) {
        return true;
    }
}

void without_handler()
{
    for_impossible(kForms, [](new_form form, size_t n_bytes) {
        arm(nullptr);
        CHECK(throws<std::bad_alloc>(form, n_bytes));
    });
}

void handler_is_called_until_it_gives_up()
{
    for_impossible(kForms, [](new_form form, size_t n_bytes) {
        arm(give_up_at_third_call);
        CHECK(throws<std::bad_alloc>(form, n_bytes));
        CHECK_EQ(handler_calls, 3);
    });
}

struct own_exception : std::bad_alloc {
};

void throw_own()
{
    handler_calls++;
    throw own_exception();
}

void handler_may_throw()
{
    for (auto form : kForms) {
        arm(throw_own);
        CHECK(throws<own_exception>(form, opaque(SIZE_MAX / 2 + 1)));
        CHECK_EQ(handler_calls, 1);
    }
    arm(nullptr);
}

// The handler changes handlers; the new one is asked next.
void second_handler()
{
    handler_calls += 100;
    std::set_new_handler(nullptr);
}

void first_handler()
{
    handler_calls++;
    std::set_new_handler(second_handler);
}

void handler_is_looked_up_each_time()
{
    arm(first_handler);
    CHECK(throws<std::bad_alloc>(kForms[0], opaque(SIZE_MAX)));
    CHECK_EQ(handler_calls, 101);
}

#if defined(_WIN32)
void handler_may_help() // no limit can be set and lifted: test/windows makes commits fail
{
}
#else
struct rlimit old_limit;

void lift_limit()
{
    if (++handler_calls > 1) // it did not help: fail rather than ask for ever
        std::set_new_handler(nullptr);
    setrlimit(RLIMIT_DATA, &old_limit);
}

bool limit_binds(size_t n_bytes)
{
    void *p = mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        munmap(p, n_bytes);
    return p == MAP_FAILED;
}

// The handler makes room; the loop tries again and succeeds. Each form asks for more than what the
// one before it gave back, so that nothing but new memory can serve it.
void handler_may_help()
{
    size_t n_bytes = 64 * (size_t)MIB;
    REQUIRE(getrlimit(RLIMIT_DATA, &old_limit) == 0);
    struct rlimit low = {1, old_limit.rlim_max};
    for (auto form : kForms) {
        arm(lift_limit);
        REQUIRE(setrlimit(RLIMIT_DATA, &low) == 0);
        if (!limit_binds(n_bytes)) {
            setrlimit(RLIMIT_DATA, &old_limit);
            return;
        }
        char *p = static_cast<char *>(form(opaque(n_bytes)));
        CHECK_EQ(handler_calls, 1);
        REQUIRE(p != nullptr);
        p[0] = p[n_bytes - 1] = 1;
        free(p);
        n_bytes *= 2;
    }
}

#endif

} // namespace

CHECK_MAIN(without_handler, handler_is_called_until_it_gives_up, handler_may_throw,
           handler_is_looked_up_each_time, handler_may_help)
