// SPDX-License-Identifier: MIT
// malloc_info writes well-formed XML under one <malloc version="..."> element; no options exist.
#include "conform.h"

enum { MAX_DEPTH = 32, MAX_NAME = 64 };

static char open_tags[MAX_DEPTH][MAX_NAME];
static int depth, tag_count;

static bool tag_opens(const char *name, size_t n)
{
    if (depth >= MAX_DEPTH || n == 0 || n >= MAX_NAME)
        return false;
    memcpy(open_tags[depth], name, n);
    open_tags[depth++][n] = 0;
    return true;
}

static bool tag_closes(const char *name, size_t n)
{
    return depth > 0 && strlen(open_tags[--depth]) == n && memcmp(open_tags[depth], name, n) == 0;
}

// One tag, from behind its '<'; NULL if it does not fit where it stands.
static const char *read_tag(const char *at)
{
    bool closing = *at == '/';
    const char *name = at + closing, *end = strchr(at, '>');
    if (!end)
        return NULL;
    tag_count++;
    size_t n = strcspn(name, " />");
    if (closing)
        return tag_closes(name, n) ? end + 1 : NULL;
    if (end[-1] == '/')
        return n ? end + 1 : NULL;
    return tag_opens(name, n) ? end + 1 : NULL;
}

static bool is_balanced(const char *text)
{
    for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
        at = read_tag(at + 1);
        if (!at)
            return false;
    }
    return depth == 0;
}

static void writes_xml(void)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    REQUIRE(stream);
    CHECK_EQ(malloc_info(0, stream), 0);
    fclose(stream);
    REQUIRE(text);
    CHECK_FMT(strncmp(text, "<malloc version=\"", 17) == 0, "starts with %.20s", text);
    CHECK_FMT(is_balanced(text), "tag %d at depth %d", tag_count, depth);
    CHECK(tag_count > 2);
    CHECK(n_bytes > 9 && strcmp(text + n_bytes - 10, "</malloc>\n") == 0);
    free(text);
}

static void refuses_options(void)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    REQUIRE(stream);
    CHECK_EQ(malloc_info(1, stream), EINVAL);
    CHECK_EQ(malloc_info(-1, stream), EINVAL);
    fclose(stream);
    CHECK_EQ(n_bytes, 0);
    free(text);
}

CHECK_MAIN(writes_xml, refuses_options)
