// SPDX-License-Identifier: MIT
// A region that grows, in memory or in a file, written and read as a stream, against a plain array.
//   input: one byte of how it is made, then operations
#include "input.h"

#include "bumpalloc/stream.h"

#include <errno.h>
#include <string.h>

enum { MAX_BYTES = 300000, OPERATIONS_MAX = 3000 };

enum operation {
    WRITE,
    PWRITE,
    READ,
    PREAD,
    SEEK,
    TRUNCATE,
    RESIZE,
    DECOMMIT,
    GROWTH,
    REFUSE,
    OPS
};

static struct {
    unsigned char bytes[MAX_BYTES];
    size_t length, position;
} model;
static struct bump_region region;
static struct bump_stream stream;
static unsigned char buffer[MAX_BYTES];

// In a file the system's refusals come as the disk's.
static void expect(int64_t got, int64_t due, const char *what)
{
    bool excused = fuzz_was_refused();
    if (got != due && !(excused && (got == -ENOMEM || got == -ENOSPC)))
        fuzz_fail("%s: %lld instead of %lld", what, (long long)got, (long long)due);
}

static void do_write(struct fuzz_input *input, bool here)
{
    size_t n = fuzz_size(input, MAX_BYTES),
           at = here ? model.position : fuzz_size(input, MAX_BYTES);
    uint8_t seed = fuzz_byte(input);
    bool fits = !n || (at <= MAX_BYTES && n <= MAX_BYTES - at);
    for (size_t i = 0; i < n; i++)
        buffer[i] = fuzz_pattern(seed, i);
    int64_t wrote =
        here ? bump_stream_write(&stream, buffer, n) : bump_stream_pwrite(&stream, buffer, n, at);
    expect(wrote, fits ? (int64_t)n : -ERANGE, "write");
    if (wrote <= 0)
        return;
    memcpy(model.bytes + at, buffer, n);
    model.length = at + n > model.length ? at + n : model.length;
    model.position = here ? at + n : model.position;
}

static void do_read(struct fuzz_input *input, bool here)
{
    size_t n = fuzz_size(input, MAX_BYTES),
           at = here ? model.position : fuzz_size(input, MAX_BYTES);
    size_t left = at < model.length ? model.length - at : 0, due = n < left ? n : left;
    int64_t got =
        here ? bump_stream_read(&stream, buffer, n) : bump_stream_pread(&stream, buffer, n, at);
    expect(got, (int64_t)due, "read");
    if (got > 0 && memcmp(buffer, model.bytes + at, due) != 0)
        fuzz_fail("read: other bytes at %zu", at);
    model.position += here ? due : 0;
}

static void do_seek(struct fuzz_input *input)
{
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    unsigned origin = fuzz_byte(input) % 3;
    int64_t offset = (int64_t)fuzz_size(input, MAX_BYTES) * (fuzz_byte(input) & 1 ? 1 : -1);
    int64_t from[] = {0, (int64_t)model.position, (int64_t)model.length};
    int64_t due = from[origin] + offset;
    expect(bump_stream_seek(&stream, offset, origins[origin]), due < 0 ? -EINVAL : due, "seek");
    model.position = due < 0 ? model.position : (size_t)due;
}

static void length_set(size_t to)
{
    if (to < model.length)
        memset(model.bytes + to, 0, model.length - to);
    model.length = to;
}

static void do_truncate(struct fuzz_input *input)
{
    size_t to = fuzz_size(input, MAX_BYTES + 300);
    int code = bump_stream_truncate(&stream, to);
    expect(code, to <= MAX_BYTES ? 0 : -ERANGE, "truncate");
    if (code)
        return;
    length_set(to);
    model.position = model.position < to ? model.position : to;
}

static void do_resize(struct fuzz_input *input)
{
    size_t to = fuzz_size(input, MAX_BYTES + 300);
    int code = bump_region_resize(&region, to);
    expect(code, to <= MAX_BYTES ? 0 : -ERANGE, "resize");
    if (!code)
        length_set(to);
}

static void do_decommit(struct fuzz_input *input)
{
    size_t from = fuzz_size(input, MAX_BYTES), n = fuzz_size(input, MAX_BYTES);
    bool aligned = from % 4096 == 0 && n % 4096 == 0;
    bool inside =
        from <= bump_region_committed(&region) && n <= bump_region_committed(&region) - from;
    int code = bump_region_decommit(&region, from, n);
    expect(code, !aligned ? -EINVAL : inside ? 0 : -ERANGE, "decommit");
    if (!code && from < model.length)
        memset(model.bytes + from, 0, n < model.length - from ? n : model.length - from);
}

static void step(struct fuzz_input *input)
{
    switch ((enum operation)(fuzz_byte(input) % OPS)) {
    case WRITE:
    case PWRITE:
        do_write(input, fuzz_byte(input) & 1);
        break;
    case READ:
    case PREAD:
        do_read(input, fuzz_byte(input) & 1);
        break;
    case SEEK:
        do_seek(input);
        break;
    case TRUNCATE:
        do_truncate(input);
        break;
    case RESIZE:
        do_resize(input);
        break;
    case DECOMMIT:
        do_decommit(input);
        break;
    case GROWTH:
        bump_region_set_growth(&region, fuzz_byte(input), fuzz_byte(input),
                               fuzz_size(input, MAX_BYTES));
        break;
    case REFUSE:
        fuzz_refuse_next(fuzz_byte(input) % 4);
        break;
    default:
        break;
    }
}

static void compare(void)
{
    if (bump_stream_length(&stream) != model.length || bump_stream_tell(&stream) != model.position)
        fuzz_fail("%zu bytes at %zu instead of %zu at %zu", bump_stream_length(&stream),
                  bump_stream_tell(&stream), model.length, model.position);
    if (model.length && memcmp(region.base, model.bytes, model.length) != 0)
        fuzz_fail("the region holds other bytes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct fuzz_input input = {data, data + n_bytes};
    uint8_t how = fuzz_byte(&input);
    unsigned flags = how & (BUMP_REGION_EXACT | BUMP_REGION_LAX | BUMP_REGION_STRICT);
    memset(&model, 0, sizeof model);
    fuzz_refuse_next(0);
    int code = how & 128 ? bump_region_open(&region, NULL, MAX_BYTES, BUMP_PROT_READ_WRITE,
                                            flags | BUMP_REGION_TEMPORARY)
                         : bump_region_create(&region, MAX_BYTES, BUMP_PROT_READ_WRITE, flags);
    if (code == -EINVAL)
        return 0; // not all flags go together
    if (code || bump_stream_open(&stream, &region, BUMP_STREAM_OWN))
        fuzz_fail("cannot be made: %d", code);
    for (int i = 0; i < OPERATIONS_MAX && !fuzz_is_over(&input); i++) {
        step(&input);
        if (i % 16 == 0)
            compare();
    }
    fuzz_refuse_next(0);
    compare();
    if (bump_stream_close(&stream))
        fuzz_fail("cannot be closed");
    return 0;
}
