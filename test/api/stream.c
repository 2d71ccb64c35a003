// SPDX-License-Identifier: MIT
// Streams: ExpandableStream's tests, each of its faults, lseek's rules, failures that change
// nothing.
#include "api.h"

static struct bump_region region;
static struct bump_stream stream;

static void begin(size_t max_bytes, unsigned prot, unsigned flags)
{
    REQUIRE(bump_region_create(&region, max_bytes, prot, 0) == 0);
    REQUIRE(bump_stream_open(&stream, &region, flags | BUMP_STREAM_OWN) == 0);
}

static void end(void)
{
    CHECK_EQ(bump_stream_close(&stream), 0);
    CHECK_NULL(bump_region_base(&region));
    CHECK_EQ(bump_stream_close(&stream), 0);
}

static void round_trips(void)
{
    char text[64] = "";
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_region_commit(&region, 25), 0);
    CHECK_EQ(bump_stream_length(&stream), 25);
    CHECK_EQ(bump_stream_write(&stream, "first string, ", 14), 14);
    CHECK_EQ(bump_stream_write(&stream, "second string", 14), 14);
    CHECK_EQ(bump_stream_length(&stream), 28);
    CHECK_EQ(bump_stream_seek(&stream, 0, SEEK_SET), 0);
    CHECK_EQ(bump_stream_read(&stream, text, sizeof text), 28);
    CHECK_STR(text, "first string, second string");
    CHECK_EQ(bump_stream_read(&stream, text, 1), 0);
    end();
    int32_t two[2] = {1, 2}, got = 0;
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_seek(&stream, 0, SEEK_SET), 0); // the seed threw here
    CHECK_EQ(bump_stream_write(&stream, &two[0], 4), 4);
    CHECK_EQ(bump_stream_write(&stream, &two[1], 4), 4);
    CHECK_EQ(bump_stream_seek(&stream, 0, SEEK_SET), 0);
    CHECK_EQ(bump_stream_read(&stream, &got, 4), 4);
    CHECK_EQ(got, 1);
    CHECK_EQ(bump_stream_read(&stream, &got, 4), 4);
    CHECK_EQ(got, 2);
    end();
}

static void follows_protection(void)
{
    char byte = 1;
    begin(1000, BUMP_PROT_READ, 0);
    CHECK_EQ(bump_region_commit(&region, 10), 0);
    CHECK_EQ(bump_stream_write(&stream, &byte, 1), -EACCES);
    CHECK_EQ(bump_stream_truncate(&stream, 5), -EACCES);
    CHECK_EQ(bump_stream_read(&stream, &byte, 1), 1);
    CHECK_EQ(byte, 0);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ_WRITE), 0);
    CHECK_EQ(bump_stream_write(&stream, "x", 1), 1);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_NONE), 0);
    CHECK_EQ(bump_stream_read(&stream, &byte, 1), -EACCES);
    CHECK_EQ(bump_stream_getc(&stream), EOF);
    CHECK_EQ(bump_stream_tell(&stream), 2);
    end();
}

static void seeks_as_lseek(void)
{
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_write(&stream, "12345678", 8), 8);
    CHECK_EQ(bump_stream_seek(&stream, -20, SEEK_END), -EINVAL); // the seed went to -12
    CHECK_EQ(bump_stream_tell(&stream), 8);
    CHECK_EQ(bump_stream_seek(&stream, -8, SEEK_END), 0);
    CHECK_EQ(bump_stream_seek(&stream, 8, SEEK_SET), 8); // the end itself
    CHECK_EQ(bump_stream_seek(&stream, -3, SEEK_CUR), 5);
    CHECK_EQ(bump_stream_getc(&stream), '6');
    CHECK_EQ(bump_stream_seek(&stream, -7, SEEK_CUR), -EINVAL);
    CHECK_EQ(bump_stream_seek(&stream, -1, SEEK_SET), -EINVAL);
    CHECK_EQ(bump_stream_seek(&stream, INT64_MAX, SEEK_CUR), -EINVAL);
    CHECK_EQ(bump_stream_seek(&stream, INT64_MIN, SEEK_CUR), -EINVAL);
    CHECK_EQ(bump_stream_seek(&stream, 0, 77), -EINVAL);
    CHECK_EQ(bump_stream_seek(&stream, 100, SEEK_END), 108);
    CHECK_EQ(bump_stream_getc(&stream), EOF);
    CHECK_EQ(bump_stream_length(&stream), 8);
    CHECK_EQ(bump_stream_putc(&stream, 'z'), 'z');
    CHECK_EQ(bump_stream_length(&stream), 109);
    CHECK(is_filled((char *)bump_region_base(&region) + 8, 100, 0));
    end();
}

static void fills_to_the_last_byte(void)
{
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(bump_stream_putc(&stream, i), i & 255);
    CHECK_EQ(bump_stream_putc(&stream, 1), -ERANGE);
    CHECK_EQ(bump_stream_length(&stream), 1000);
    CHECK_EQ(bump_stream_tell(&stream), 1000);
    CHECK_EQ(bump_region_committed(&region), page_bytes()); // the seed doubled at every byte
    CHECK_EQ(bump_stream_pwrite(&stream, "abc", 3, 998), -ERANGE);
    CHECK_EQ(((char *)bump_region_base(&region))[998], (char)998);
    CHECK_EQ(bump_stream_pwrite(&stream, "ab", 2, 998), 2);
    CHECK_EQ(bump_stream_pwrite(&stream, "a", 1, SIZE_MAX), -ERANGE);
    CHECK_EQ(bump_stream_pwrite(&stream, "a", (size_t)INT64_MAX + 1, 0), -EINVAL);
    CHECK_EQ(bump_stream_length(&stream), 1000);
    end();
}

// The seed lengthened the stream when a byte was overwritten, and copied from the buffer's start.
static void overwrites_in_place(void)
{
    char text[8] = "";
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_write(&stream, "abcdef", 6), 6);
    CHECK_EQ(bump_stream_seek(&stream, 2, SEEK_SET), 2);
    CHECK_EQ(bump_stream_putc(&stream, 'X'), 'X');
    CHECK_EQ(bump_stream_write(&stream, &"__YZ"[2], 2), 2);
    CHECK_EQ(bump_stream_length(&stream), 6);
    CHECK_EQ(bump_stream_pread(&stream, text, 8, 0), 6);
    CHECK_STR(text, "abXYZf");
    CHECK_EQ(bump_stream_tell(&stream), 5);
    CHECK_EQ(bump_stream_write(&stream, NULL, 0), 0);
    end();
}

static void truncates(void)
{
    begin(100 * KIB, BUMP_PROT_READ_WRITE, 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_stream_truncate(&stream, 50000), 0);
    memset(base, 4, 50000);
    CHECK_EQ(bump_stream_seek(&stream, 0, SEEK_END), 50000);
    CHECK_EQ(bump_stream_truncate(&stream, 100), 0);
    CHECK_EQ(bump_stream_tell(&stream), 100);
    CHECK_EQ(bump_stream_truncate(&stream, 50000), 0);
    CHECK(is_filled(base, 100, 4) && is_filled(base + 100, 49900, 0));
    CHECK_EQ(bump_stream_truncate(&stream, 200 * KIB), -ERANGE);
    CHECK_EQ(bump_stream_length(&stream), 50000);
    end();
}

static void passes_2_gib(void)
{
    begin(6 * GIB, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_seek(&stream, (int64_t)(5 * GIB), SEEK_SET), (long long)(5 * GIB));
    CHECK_EQ(bump_stream_write(&stream, "far", 3), 3);
    CHECK_EQ(bump_stream_length(&stream), 5 * GIB + 3);
    CHECK_EQ(bump_stream_seek(&stream, -3, SEEK_CUR), (long long)(5 * GIB));
    CHECK_EQ(bump_stream_getc(&stream), 'f');
    end();
}

static void appends(void)
{
    begin(1000, BUMP_PROT_READ_WRITE, BUMP_STREAM_APPEND);
    CHECK_EQ(bump_stream_write(&stream, "abc", 3), 3);
    CHECK_EQ(bump_stream_seek(&stream, 0, SEEK_SET), 0);
    CHECK_EQ(bump_stream_write(&stream, "def", 3), 3);
    CHECK_EQ(bump_stream_tell(&stream), 6);
    CHECK(memcmp(bump_region_base(&region), "abcdef", 6) == 0);
    end();
}

static void copies_within_itself(void)
{
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_write(&stream, "0123456789", 10), 10);
    CHECK_EQ(bump_stream_pwrite(&stream, bump_region_base(&region), 10, 3), 10);
    CHECK(memcmp(bump_region_base(&region), "0120123456789", 13) == 0);
    end();
}

static void refuses_what_cannot_be(void)
{
    struct bump_stream none = {0};
    struct bump_region no_region = {0};
    CHECK_EQ(bump_stream_open(&none, &no_region, 0), -EINVAL);
    CHECK_EQ(bump_stream_open(&none, NULL, 0), -EINVAL);
    CHECK_EQ(bump_stream_write(&none, "a", 1), -EINVAL);
    CHECK_EQ(bump_stream_read(&none, &none, 1), -EINVAL);
    CHECK_EQ(bump_stream_seek(&none, 0, SEEK_SET), -EINVAL);
    CHECK_EQ(bump_stream_length(&none), 0);
    begin(1000, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_stream_open(&none, &region, 64), -EINVAL);
    CHECK_EQ(bump_stream_open(&stream, &region, 0), -EBUSY);
    CHECK_EQ(bump_stream_open(&none, &region, 0), 0);
    CHECK_EQ(bump_stream_close(&none), 0); // the region is not its own
    CHECK_NOT_NULL(bump_region_base(&region));
    end();
}

int main(void)
{
    round_trips();
    follows_protection();
    seeks_as_lseek();
    fills_to_the_last_byte();
    overwrites_in_place();
    truncates();
    passes_2_gib();
    appends();
    copies_within_itself();
    refuses_what_cannot_be();
    return check_end();
}
