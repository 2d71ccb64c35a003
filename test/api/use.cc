// SPDX-License-Identifier: MIT
// The headers from C++17: an arena as what std::vector allocates from, through the inline calls.
#include "check.h"

#include <bumpalloc/bumpalloc.h>
#include <memory_resource>
#include <numeric>
#include <vector>

namespace
{

class resource : public std::pmr::memory_resource
{
  public:
    explicit resource(bump_allocator from) : from_(from)
    {
    }

  private:
    void *do_allocate(size_t n_bytes, size_t align) override
    {
        void *object = bump_allocator_alloc(&from_, n_bytes, align);
        if (!object)
            throw std::bad_alloc();
        return object;
    }
    void do_deallocate(void *object, size_t n_bytes, size_t align) override
    {
        bump_allocator_free(&from_, object, n_bytes, align);
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        return this == &other;
    }
    bump_allocator from_;
};

long sum_in(bump_allocator from)
{
    resource memory(from);
    std::pmr::vector<long> numbers(&memory);
    for (long i = 0; i < 100000; i++)
        numbers.push_back(i);
    return std::accumulate(numbers.begin(), numbers.end(), 0L);
}

} // namespace

int main()
{
    bump_arena arena = {};
    bump_region region = {};
    bump_stream stream = {};
    CHECK_EQ(sum_in(bump_arena_allocator(&arena)), 4999950000);
    CHECK(bump_arena_used(&arena) > 800000);
    bump_arena_destroy(&arena);
    CHECK_EQ(sum_in(bump_malloc_allocator()), 4999950000);
    CHECK_EQ(bump_arena_create(&arena, 1000, BUMP_ARENA_SHARED), 0);
    bool thrown = false;
    try {
        sum_in(bump_arena_allocator(&arena));
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    CHECK(thrown);
    bump_arena_destroy(&arena);
    CHECK_EQ(bump_region_create(&region, 1000, BUMP_PROT_READ | BUMP_PROT_WRITE, 0), 0);
    CHECK_EQ(bump_stream_open(&stream, &region, BUMP_STREAM_OWN), 0);
    CHECK_EQ(bump_stream_write(&stream, "abc", 3), 3);
    CHECK_EQ(bump_stream_length(&stream), bump_region_size(&region));
    CHECK_EQ(bump_stream_close(&stream), 0);
    CHECK_STR(bump_strerror(0), "success");
    return check_end();
}
