// SPDX-License-Identifier: MIT
// Memory that libc allocates for its caller is the library's, and free takes it.
#include "conform.h"

#include <dirent.h>
#include <stdarg.h>
#include <wchar.h>

static void check_text(char *text, const char *expected)
{
    if (!CHECK_NOT_NULL(text))
        return;
    CHECK(owned(text));
    CHECK_STR(text, expected);
    CHECK(malloc_usable_size(text) > strlen(text));
    free(text);
}

static void string_functions(void)
{
    check_text(strdup("some text"), "some text");
    check_text(strndup("some text", 4), "some");
    wchar_t *wide = wcsdup(L"wide");
    if (CHECK_NOT_NULL(wide)) {
        CHECK(owned(wide));
        CHECK(wcscmp(wide, L"wide") == 0);
        free(wide);
    }
}

static void formatted(void)
{
    char *text = NULL;
    CHECK_EQ(asprintf(&text, "%d %s", 42, "apples"), 9);
    check_text(text, "42 apples");
    text = NULL;
    CHECK_EQ(asprintf(&text, "%5000d", 7), 5000);
    CHECK(text && strlen(text) == 5000 && owned(text));
    free(text);
    CHECK_EQ(sscanf("word other", "%ms", &text), 1);
    check_text(text, "word");
}

static void lines(void)
{
    char input[] = "first line\nsecond";
    char *line = NULL;
    size_t n_bytes = 0;
    FILE *stream = fmemopen(input, sizeof input - 1, "r");
    REQUIRE(stream);
    CHECK_EQ(getline(&line, &n_bytes, stream), 11);
    CHECK(owned(line) && malloc_usable_size(line) >= n_bytes);
    check_text(line, "first line\n");
    line = malloc(1); // getline grows what it is given
    n_bytes = 1;
    CHECK_EQ(getdelim(&line, &n_bytes, 'n', stream), 5);
    check_text(line, "secon");
    fclose(stream);
}

static void memory_streams(void)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    REQUIRE(stream);
    for (int i = 0; i < 20000; i++)
        fprintf(stream, "%06d\n", i);
    fclose(stream);
    CHECK_EQ(n_bytes, 140000);
    CHECK(text && owned(text) && malloc_usable_size(text) >= n_bytes);
    CHECK(text && strncmp(text + 7 * 12345, "012345\n", 7) == 0);
    text = realloc(text, 7);
    REQUIRE(text);
    CHECK(strncmp(text, "000000\n", 7) == 0);
    free(text);
}

static void paths(void)
{
    char *here = getcwd(NULL, 0);
    REQUIRE(here);
    check_text(realpath(".", NULL), here);
    check_text(realpath("/proc/../", NULL), "/");
    char *again = get_current_dir_name();
    CHECK(again && owned(again) && owned(here));
    free(again);
    free(here);
}

static void directories(void)
{
    struct dirent **entries = NULL;
    int n = scandir("/proc/self", &entries, NULL, alphasort);
    CHECK_FMT(n > 10, "%d entries", n);
    CHECK(owned(entries));
    for (int i = 0; i < n; i++) {
        CHECK(owned(entries[i]));
        free(entries[i]);
    }
    free(entries);
}

CHECK_MAIN(string_functions, formatted, lines, memory_streams, paths, directories)
