// SPDX-License-Identifier: MIT
// Random operations on a stream beside a plain array of bytes, which says what every call must
// answer and what the stream must hold.
#include "api.h"
#include "prng.h"

enum { MAX = 200000, OPERATIONS = 40000, CHUNK = 30000 };

static unsigned char model[MAX];
static size_t length, position;
static struct bump_region region;
static struct bump_stream stream;
static struct prng rng;

static size_t any_place(void)
{
    return prng_below(&rng, 8) ? prng_below(&rng, length + 1) : prng_below(&rng, MAX + 100);
}

static void step_write(bool at_place)
{
    static unsigned char bytes[CHUNK];
    size_t n = prng_size(&rng, CHUNK), at = at_place ? any_place() : position;
    pattern_fill(bytes, n, prng_next(&rng));
    bool fits = n == 0 || (at <= MAX && n <= MAX - at);
    int64_t wanted = fits ? (int64_t)n : -ERANGE;
    CHECK_EQ(at_place ? bump_stream_pwrite(&stream, bytes, n, at)
                      : bump_stream_write(&stream, bytes, n),
             wanted);
    if (!fits || !n)
        return;
    memcpy(model + at, bytes, n);
    length = at + n > length ? at + n : length;
    position = at_place ? position : at + n;
}

static void step_read(bool at_place)
{
    static unsigned char bytes[CHUNK];
    size_t n = prng_size(&rng, CHUNK), at = at_place ? any_place() : position;
    size_t left = at < length ? length - at : 0, wanted = n < left ? n : left;
    int64_t got =
        at_place ? bump_stream_pread(&stream, bytes, n, at) : bump_stream_read(&stream, bytes, n);
    if (CHECK_EQ(got, wanted))
        CHECK(wanted == 0 || memcmp(bytes, model + at, wanted) == 0);
    position += at_place ? 0 : wanted;
}

static void step_truncate(void)
{
    size_t to = prng_below(&rng, 4) ? any_place() : prng_below(&rng, MAX + 100);
    CHECK_EQ(bump_stream_truncate(&stream, to), to <= MAX ? 0 : -ERANGE);
    if (to > MAX)
        return;
    if (to < length)
        memset(model + to, 0, length - to);
    length = to;
    position = position < to ? position : to;
}

static void step_seek(void)
{
    int origin = (int)prng_below(&rng, 3);
    int64_t from = origin == SEEK_SET ? 0 : (int64_t)(origin == SEEK_CUR ? position : length);
    int64_t offset = (int64_t)any_place() - (int64_t)prng_below(&rng, length + 2);
    int64_t wanted = from + offset < 0 ? -EINVAL : from + offset;
    CHECK_EQ(bump_stream_seek(&stream, offset, origin), wanted);
    position = wanted < 0 ? position : (size_t)wanted;
}

static void step_bytes(void)
{
    int wanted = position < length ? model[position] : EOF;
    CHECK_EQ(bump_stream_getc(&stream), wanted);
    position += wanted != EOF;
    if (position < MAX) {
        CHECK_EQ(bump_stream_putc(&stream, 300 + (int)length), (300 + (int)length) & 255);
        model[position++] = (unsigned char)(300 + length);
        length = position > length ? position : length;
    }
}

static void step(void)
{
    switch (prng_below(&rng, 9)) {
    case 0:
    case 1:
        step_write(false);
        break;
    case 2:
        step_write(true);
        break;
    case 3:
        step_read(false);
        break;
    case 4:
        step_read(true);
        break;
    case 5:
        step_truncate();
        break;
    case 6:
        step_bytes();
        break;
    default:
        step_seek();
    }
    CHECK_EQ(bump_stream_length(&stream), length);
    CHECK_EQ(bump_stream_tell(&stream), position);
}

int main(int argc, char **argv)
{
    rng.state = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260101;
    check_print("seed %llu", (unsigned long long)rng.state);
    REQUIRE(bump_region_create(&region, MAX, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_stream_open(&stream, &region, 0) == 0);
    for (int i = 0; i < OPERATIONS && !check_failures; i++) {
        step();
        if (i % 64 == 0)
            CHECK(memcmp(bump_region_base(&region), model, length) == 0);
    }
    bump_stream_close(&stream);
    bump_region_destroy(&region);
    return check_end();
}
