// SPDX-License-Identifier: MIT
// core: what the environment may say, and what is said about it.
#include "base/limits.h"
#include "core/options.h"
#include "unit.h"

static const char *reserve_text, *choice_text;
static size_t reserve_expected;
static bool choice_expected;

static void set(const char *name, const char *text)
{
    REQUIRE((text ? setenv(name, text, 1) : unsetenv(name)) == 0);
}

static void read_options(void)
{
    set("BUMPALLOC_RESERVE", reserve_text);
    set("BUMPALLOC_REALLOC_ZERO", choice_text);
    errno = 4711;
    bp_options_read();
    CHECK_EQ(errno, 4711);
    CHECK_FMT(bp_options.reserve_bytes == reserve_expected, "\"%s\" is %zu, not %zu",
              reserve_text ? reserve_text : "(unset)", reserve_expected, bp_options.reserve_bytes);
    CHECK_EQ(bp_options.realloc_zero_allocates, choice_expected);
}

// Reads the options in a child, which must say this and no more.
static void expect(const char *said)
{
    char text[UNIT_TEXT];
    int status = unit_capture(read_options, text);
    CHECK_FMT(status == 0, "BUMPALLOC_RESERVE=\"%s\": %s", reserve_text ? reserve_text : "(unset)",
              text);
    CHECK_STR(text, said);
}

static void has_defaults(void)
{
    CHECK_EQ(bp_options.reserve_bytes, 16 * BP_TIB);
    CHECK_EQ(bp_options.realloc_zero_allocates, false);
    reserve_text = choice_text = NULL;
    reserve_expected = 16 * BP_TIB;
    expect("");
}

static void reads_sizes(void)
{
    static const struct {
        const char *text;
        size_t n_bytes;
    } good[] = {
        {"0", 0},
        {"1", 1},
        {"007", 7},
        {"4096", 4096},
        {"1k", 1024},
        {"1K", 1024},
        {"3M", 3 * BP_MIB},
        {"3m", 3 * BP_MIB},
        {"2g", 2 * BP_GIB},
        {"64G", 64 * BP_GIB},
        {"1t", BP_TIB},
        {"16T", 16 * BP_TIB},
        {"0T", 0},
        {"16777215T", 16777215 * BP_TIB},
        {"18446744073709551615", SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        reserve_text = good[i].text;
        reserve_expected = good[i].n_bytes;
        expect("");
    }
}

static void rejects_other_text(void)
{
    static const char *const bad[] = {
        "",
        " ",
        "K",
        "T1",
        "1KB",
        "1kk",
        "1 K",
        " 1",
        "1 ",
        "-1",
        "+1",
        "1.5G",
        "1P",
        "0x10",
        "16777216T",
        "18446744073709551616",
        "1K1",
        "1\nM",
        "99999999999999999999999999",
        "1\x0b",
    };
    reserve_expected = 16 * BP_TIB;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char said[256];
        reserve_text = bad[i];
        snprintf(said, sizeof said, "bumpalloc: BUMPALLOC_RESERVE=%s: not a size, using 16T\n",
                 bad[i]);
        expect(said);
    }
}

static void reads_choices(void)
{
    reserve_text = NULL;
    reserve_expected = 16 * BP_TIB;
    choice_text = "alloc";
    choice_expected = true;
    expect("");
    choice_text = "free";
    choice_expected = false;
    expect("");
    choice_text = "Alloc";
    expect("bumpalloc: BUMPALLOC_REALLOC_ZERO=Alloc: unknown, using free\n");
    choice_text = "";
    expect("bumpalloc: BUMPALLOC_REALLOC_ZERO=: unknown, using free\n");
}

static void reports_each_bad_option(void)
{
    reserve_text = "lots";
    reserve_expected = 16 * BP_TIB;
    choice_text = "maybe";
    expect("bumpalloc: BUMPALLOC_RESERVE=lots: not a size, using 16T\n"
           "bumpalloc: BUMPALLOC_REALLOC_ZERO=maybe: unknown, using free\n");
}

UNIT_MAIN(UNIT_CASE(has_defaults), UNIT_CASE(reads_sizes), UNIT_CASE(rejects_other_text),
          UNIT_CASE(reads_choices), UNIT_CASE(reports_each_bad_option))
