// SPDX-License-Identifier: MIT
// A nothrow new that fails yields null, but asks the new handler first.
#include "new_fails.h"

namespace
{

constexpr new_form kForms[4] = {
    [](size_t n) { return ::operator new(n, std::nothrow); },
    [](size_t n) { return ::operator new[](n, std::nothrow); },
    [](size_t n) { return ::operator new(n, wide, std::nothrow); },
    [](size_t n) { return ::operator new[](n, wide, std::nothrow); },
};

void null_without_handler()
{
    for_impossible(kForms, [](new_form form, size_t n_bytes) {
        arm(nullptr);
        CHECK_NULL(form(n_bytes));
    });
}

void handler_is_asked()
{
    for_impossible(kForms, [](new_form form, size_t n_bytes) {
        arm(give_up_at_third_call);
        CHECK_NULL(form(n_bytes));
        CHECK_EQ(handler_calls, 3);
    });
}

} // namespace

CHECK_MAIN(null_without_handler, handler_is_asked)
