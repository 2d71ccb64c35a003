// SPDX-License-Identifier: MIT
// All 20 forms of operator new and delete: blocks are good, each delete takes what its new gave,
// and under the library every form is its own (a form left out would bypass the others).
#include "conform.h"

#include <new>
#ifndef CHECK_STATIC
#include "symbols.h"
#endif

namespace
{

using align = std::align_val_t;
constexpr size_t kSizes[] = {0, 1, 8, 24, 100, 1000, 1024, 5000, 32768, 70000, 300000};
constexpr size_t kAlignments[] = {1, 8, 16, 32, 64, 128, 4096, 65536, 1048576};

struct pair {
    void *(*make)(size_t n_bytes, align alignment);
    void (*destroy)(void *p, size_t n_bytes, align alignment);
};

constexpr pair kPlain[] = {
    {[](size_t n, align) { return ::operator new(n); },
     [](void *p, size_t, align) { ::operator delete(p); }},
    {[](size_t n, align) { return ::operator new(n); },
     [](void *p, size_t n, align) { ::operator delete(p, n); }},
    {[](size_t n, align) { return ::operator new(n, std::nothrow); },
     [](void *p, size_t, align) { ::operator delete(p, std::nothrow); }},
    {[](size_t n, align) { return ::operator new(n, std::nothrow); },
     [](void *p, size_t, align) { ::operator delete(p); }},
    {[](size_t n, align) { return ::operator new[](n); },
     [](void *p, size_t, align) { ::operator delete[](p); }},
    {[](size_t n, align) { return ::operator new[](n); },
     [](void *p, size_t n, align) { ::operator delete[](p, n); }},
    {[](size_t n, align) { return ::operator new[](n, std::nothrow); },
     [](void *p, size_t, align) { ::operator delete[](p, std::nothrow); }},
};

constexpr pair kAligned[] = {
    {[](size_t n, align a) { return ::operator new(n, a); },
     [](void *p, size_t, align a) { ::operator delete(p, a); }},
    {[](size_t n, align a) { return ::operator new(n, a); },
     [](void *p, size_t n, align a) { ::operator delete(p, n, a); }},
    {[](size_t n, align a) { return ::operator new(n, a, std::nothrow); },
     [](void *p, size_t, align a) { ::operator delete(p, a, std::nothrow); }},
    {[](size_t n, align a) { return ::operator new[](n, a); },
     [](void *p, size_t, align a) { ::operator delete[](p, a); }},
    {[](size_t n, align a) { return ::operator new[](n, a); },
     [](void *p, size_t n, align a) { ::operator delete[](p, n, a); }},
    {[](size_t n, align a) { return ::operator new[](n, a, std::nothrow); },
     [](void *p, size_t, align a) { ::operator delete[](p, a, std::nothrow); }},
};

void make_fill_destroy(const pair &form, size_t n_bytes, size_t alignment)
{
    void *blocks[6];
    for (auto &p : blocks) {
        p = form.make(n_bytes, align(alignment));
        REQUIRE(CHECK_BLOCK(p) && CHECK_ALIGNED(p, alignment));
        CHECK(malloc_usable_size(p) >= n_bytes);
        pattern_fill(p, n_bytes, (uintptr_t)p);
    }
    for (void *p : blocks) {
        CHECK_EQ(pattern_mismatch(p, n_bytes, (uintptr_t)p), n_bytes);
        errno = 4242;
        form.destroy(p, n_bytes, align(alignment));
        CHECK_EQ(errno, 4242);
    }
}

void all_pairs()
{
    for (const pair &form : kPlain)
        for (size_t n_bytes : kSizes)
            make_fill_destroy(form, n_bytes, 16);
    for (const pair &form : kAligned)
        for (size_t n_bytes : kSizes)
            for (size_t alignment : kAlignments)
                make_fill_destroy(form, n_bytes, alignment);
    check_heap_apart();
}

void null_is_accepted()
{
    for (const pair &form : kPlain)
        form.destroy(nullptr, 8, align(16));
    for (const pair &form : kAligned)
        form.destroy(nullptr, 8, align(64));
}

void every_form_is_the_librarys()
{
#ifndef CHECK_STATIC
    static const char *const names[] = {"_Znwm",
                                        "_Znam",
                                        "_ZnwmRKSt9nothrow_t",
                                        "_ZnamRKSt9nothrow_t",
                                        "_ZnwmSt11align_val_t",
                                        "_ZnamSt11align_val_t",
                                        "_ZnwmSt11align_val_tRKSt9nothrow_t",
                                        "_ZnamSt11align_val_tRKSt9nothrow_t",
                                        "_ZdlPv",
                                        "_ZdaPv",
                                        "_ZdlPvRKSt9nothrow_t",
                                        "_ZdaPvRKSt9nothrow_t",
                                        "_ZdlPvm",
                                        "_ZdaPvm",
                                        "_ZdlPvSt11align_val_t",
                                        "_ZdaPvSt11align_val_t",
                                        "_ZdlPvmSt11align_val_t",
                                        "_ZdaPvmSt11align_val_t",
                                        "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                                        "_ZdaPvSt11align_val_tRKSt9nothrow_t"};
    static_assert(sizeof names / sizeof names[0] == 20);
    for (const char *name : names)
        CHECK_FMT(symbol(name) != nullptr, "%s", name);
#endif
}

} // namespace

CHECK_MAIN(all_pairs, null_is_accepted, every_form_is_the_librarys)
