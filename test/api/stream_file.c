// SPDX-License-Identifier: MIT
// A FILE on a stream: what the C library reads, writes and seeks arrives, and so do its errors.
#include "api.h"

static struct bump_region region;
static struct bump_stream stream;

static void prints_and_scans(void)
{
    FILE *file = NULL;
    int a = 0, b = 0;
    REQUIRE(bump_stream_file(&stream, "w+", &file) == 0);
    CHECK_EQ(fprintf(file, "%d %d\n", 17, 4), 5);
    CHECK_EQ(bump_stream_length(&stream), 0); // buffered
    CHECK_EQ(fflush(file), 0);
    CHECK_EQ(bump_stream_length(&stream), 5);
    rewind(file);
    CHECK_EQ(fscanf(file, "%d %d", &a, &b), 2);
    CHECK_EQ(a * 100 + b, 1704);
    CHECK_EQ(fseek(file, -2, SEEK_END), 0);
    CHECK_EQ(ftell(file), 3);
    CHECK_EQ(fgetc(file), '4');
    CHECK_EQ(fseek(file, -20, SEEK_END), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(fclose(file), 0);
    CHECK_NOT_NULL(stream.region);
    CHECK(memcmp(bump_region_base(&region), "17 4\n", 5) == 0);
}

static void appends_and_truncates(void)
{
    FILE *file = NULL;
    REQUIRE(bump_stream_file(&stream, "a", &file) == 0);
    fputs("more", file);
    CHECK_EQ(fclose(file), 0);
    CHECK_EQ(bump_stream_length(&stream), 9);
    REQUIRE(bump_stream_file(&stream, "w", &file) == 0);
    CHECK_EQ(bump_stream_length(&stream), 0);
    fputs("x", file);
    CHECK_EQ(fclose(file), 0);
    CHECK_EQ(bump_stream_length(&stream), 1);
}

static void reports_a_full_region(void)
{
    FILE *file = NULL;
    char block[3000] = "";
    REQUIRE(bump_stream_file(&stream, "r+", &file) == 0);
    setvbuf(file, NULL, _IONBF, 0);
    CHECK_EQ(fwrite(block, 1, sizeof block, file), sizeof block);
    errno = 0;
    CHECK(fwrite(block, 1, sizeof block, file) < sizeof block);
    CHECK_EQ(errno, ERANGE);
    CHECK(ferror(file));
    fclose(file);
    CHECK(bump_stream_length(&stream) <= 5000);
}

static void refuses_modes(void)
{
    FILE *file = NULL;
    CHECK_EQ(bump_stream_file(&stream, "q", &file), -EINVAL);
    CHECK_EQ(bump_stream_file(&stream, "", &file), -EINVAL);
    CHECK_EQ(bump_stream_file(NULL, "r", &file), -EINVAL);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ), 0);
    CHECK_EQ(bump_stream_file(&stream, "w", &file), -EACCES);
    CHECK_NULL(file);
}

int main(void)
{
    REQUIRE(bump_region_create(&region, 5000, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_stream_open(&stream, &region, BUMP_STREAM_OWN) == 0);
    prints_and_scans();
    appends_and_truncates();
    reports_a_full_region();
    refuses_modes();
    bump_stream_close(&stream);
    return check_end();
}
