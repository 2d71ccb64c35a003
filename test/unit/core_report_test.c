// SPDX-License-Identifier: MIT
// core: lines on stderr, to the letter.
#include "core/report.h"
#include "unit.h"

static void send_numbers(void)
{
    static const size_t numbers[] = {0, 1, 9, 10, 255, 256, 4096, SIZE_MAX};
    errno = 4711;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct bp_line line = {.length = 0};
        bp_line_decimal(&line, numbers[i]);
        bp_line_text(&line, " ");
        bp_line_hex(&line, numbers[i]);
        bp_line_send(&line);
    }
    CHECK_EQ(errno, 4711);
}

static void writes_numbers(void)
{
    char text[UNIT_TEXT];
    CHECK_EQ(unit_capture(send_numbers, text), 0);
    CHECK_STR(text, "0 0x0\n1 0x1\n9 0x9\n10 0xa\n255 0xff\n256 0x100\n4096 0x1000\n"
                    "18446744073709551615 0xffffffffffffffff\n");
}

static size_t text_length;

static void send_text(void)
{
    static char long_text[1000];
    struct bp_line line = {.length = 0};
    memset(long_text, 'a', text_length);
    long_text[text_length] = 0;
    bp_line_text(&line, long_text);
    bp_line_text(&line, "bc");
    bp_line_send(&line);
}

// A line holds 255 bytes and its newline, whatever it was given.
static void cuts_long_text(void)
{
    char text[UNIT_TEXT];
    for (text_length = 250; text_length < 260; text_length++) {
        size_t expected = text_length + 2 < 255 ? text_length + 2 : 255;
        CHECK_EQ(unit_capture(send_text, text), 0);
        CHECK_FMT(strlen(text) == expected + 1, "%zu of %zu", strlen(text), text_length);
        CHECK_EQ(text[expected], '\n');
        CHECK_EQ(strspn(text, "a"), text_length < 255 ? text_length : 255);
    }
}

static void send_option(void)
{
    errno = 4711;
    bp_report_option("NAME", "value", "why", "default");
    CHECK_EQ(errno, 4711);
}

static void reports_an_option(void)
{
    char text[UNIT_TEXT];
    CHECK_EQ(unit_capture(send_option, text), 0);
    CHECK_STR(text, "bumpalloc: NAME=value: why, using default\n");
}

static void die_invalid(void)
{
    bp_die_invalid((const void *)0x1234abcd, "free");
}

static void die_double_free(void)
{
    bp_die_double_free((const void *)0x10, 48);
}

static void die_corrupt(void)
{
    bp_die_corrupt(48);
}

static void check_death(void (*die)(void), const char *expected)
{
    char text[UNIT_TEXT];
    int status = unit_capture(die, text);
    CHECK_FMT(unit_aborted(status), "status 0x%x", (unsigned)status);
    CHECK_STR(text, expected);
}

static void dies_with_one_line(void)
{
    check_death(die_invalid, "bumpalloc: invalid pointer 0x1234abcd passed to free\n");
    check_death(die_double_free, "bumpalloc: double free of 0x10 (class 48)\n");
    check_death(die_corrupt, "bumpalloc: free objects corrupted: double free or write after free "
                             "(class 48)\n");
}

UNIT_MAIN(UNIT_CASE(writes_numbers), UNIT_CASE(cuts_long_text), UNIT_CASE(reports_an_option),
          UNIT_CASE(dies_with_one_line))
