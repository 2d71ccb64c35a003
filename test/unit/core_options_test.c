// SPDX-License-Identifier: MIT
// core: what the environment may say, and what is said about it.
#include "base/limits.h"
#include "core/options.h"
#include "core/report.h"
#include "unit.h"

enum { ENTRY_MAX = 8 };

// What the environment has, apart from the system's own; what must be said; what must come out.
static const char *entries[ENTRY_MAX + 1];
static const struct bp_option *tried;
static size_t expected;
static const char *expected_text;

extern char **environ;

static const struct bp_option *named(const char *name)
{
    for (unsigned i = 0; bp_option_at(i); i++) {
        if (strcmp(bp_option_at(i)->name, name) == 0)
            return bp_option_at(i);
    }
    check_print("no option is called %s", name);
    _exit(CHECK_FAIL);
}

static const char *text_of(const struct bp_option *option)
{
    const char *text;
    memcpy(&text, option->value, sizeof text);
    return text;
}

static void read_options(void)
{
    struct bp_options before = bp_options;
    environ = (char **)(uintptr_t)entries;
    errno = 4711;
    bp_options_read();
    CHECK_EQ(errno, 4711);
    if (tried->kind == BP_OPTION_TEXT)
        CHECK_STR(text_of(tried), expected_text);
    else
        CHECK_FMT(*tried->value == expected, "%s is %zu, not %zu", tried->name, *tried->value,
                  expected);
    memcpy(tried->value, (char *)&before + ((char *)tried->value - (char *)&bp_options),
           sizeof *tried->value);
    CHECK_FMT(memcmp(&before, &bp_options, sizeof before) == 0, "%s: another option changed",
              entries[0] ? entries[0] : "");
}

// Reads the options in a child, which must say this and no more.
static void expect(const struct bp_option *option, size_t value, const char *said)
{
    char text[UNIT_TEXT];
    tried = option;
    expected = value;
    int status = unit_capture(read_options, text);
    CHECK_FMT(status == 0, "%s: %s", entries[0] ? entries[0] : "(nothing set)", text);
    CHECK_STR(text, said);
}

static void expect_entry(const struct bp_option *option, const char *text, size_t value,
                         const char *complaint)
{
    char entry[256], said[600] = "";
    snprintf(entry, sizeof entry, "%s=%s", option->name, text);
    if (complaint)
        snprintf(said, sizeof said, "bumpalloc: %s: %s, using %s\n", entry, complaint,
                 option->default_text);
    entries[0] = entry;
    expect(option, value, said);
    entries[0] = NULL;
}

// --- the table ---

static void has_every_field_once(void)
{
    size_t count = 0;
    while (bp_option_at((unsigned)count))
        count++;
    CHECK_EQ(count, sizeof(struct bp_options) / sizeof(size_t));
    CHECK(!bp_option_at((unsigned)count + 1) && !bp_option_at(UINT32_MAX));
    for (unsigned i = 0; i < count; i++) {
        const struct bp_option *it = bp_option_at(i);
        CHECK((char *)it->value >= (char *)&bp_options &&
              (char *)it->value < (char *)(&bp_options + 1));
        for (unsigned j = 0; j < i; j++)
            CHECK_FMT(it->value != bp_option_at(j)->value &&
                          strcmp(it->name, bp_option_at(j)->name) != 0,
                      "%s, %s", it->name, bp_option_at(j)->name);
    }
}

static void texts_are_for_users(void)
{
    for (unsigned i = 0; bp_option_at(i); i++) {
        const struct bp_option *it = bp_option_at(i);
        CHECK_FMT(strncmp(it->name, "BUMPALLOC_", 10) == 0 &&
                      strspn(it->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(it->name),
                  "%s", it->name);
        CHECK_FMT(it->meaning[0] && !strchr(it->meaning, '\n'), "%s", it->name);
        CHECK_FMT((it->kind >= BP_OPTION_CHOICE) == (it->words != NULL), "%s", it->name);
    }
}

// What the table says the default is, it is; and saying so changes nothing.
static void defaults_are_as_told(void)
{
    for (unsigned i = 0; bp_option_at(i); i++) {
        const struct bp_option *it = bp_option_at(i);
        size_t value = SIZE_MAX - 1, initial = *it->value;
        CHECK_FMT(bp_option_parse(it, it->default_text, &value), "%s", it->name);
        expected_text = it->default_text;
        if (it->kind == BP_OPTION_TEXT) {
            CHECK_STR(text_of(it), it->default_text);
            expect_entry(it, it->default_text, 0, NULL);
            continue;
        }
        CHECK_FMT(value == initial, "%s: %s is %zu, not %zu", it->name, it->default_text, value,
                  initial);
        expect_entry(it, it->default_text, initial, NULL);
    }
    expect(named("BUMPALLOC_RESERVE"), 16 * BP_TIB, "");
}

// --- the kinds ---

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
    for (unsigned i = 0; bp_option_at(i); i++) {
        for (size_t j = 0; bp_option_at(i)->kind == BP_OPTION_SIZE && j < 15; j++)
            expect_entry(bp_option_at(i), good[j].text, good[j].n_bytes, NULL);
    }
}

static const char *const no_size[] = {
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
    "1K1",
    "1\nM",
    "1\x0b",
    "auto",
    "16777216T",
    "18446744073709551616",
    "99999999999999999999999999",
};

static void rejects_other_sizes(void)
{
    const struct bp_option *limit = named("BUMPALLOC_LIMIT");
    for (size_t i = 0; i < sizeof no_size / sizeof no_size[0]; i++) {
        expect_entry(named("BUMPALLOC_RESERVE"), no_size[i], 16 * BP_TIB, "not a size");
        expect_entry(limit, no_size[i], 0, "not a size");
    }
}

static void reads_numbers(void)
{
    for (unsigned i = 0; bp_option_at(i); i++) {
        const struct bp_option *it = bp_option_at(i);
        if (it->kind != BP_OPTION_NUMBER)
            continue;
        expect_entry(it, "0", 0, NULL);
        expect_entry(it, "00012", 12, NULL);
        expect_entry(it, "1000000000", 1000000000, NULL);
        expect_entry(it, "1000000001", *it->value, "not a number");
        expect_entry(it, "18446744073709551616", *it->value, "not a number");
        expect_entry(it, "1K", *it->value, "not a number");
        expect_entry(it, "12%", *it->value, "not a number");
        expect_entry(it, "-1", *it->value, "not a number");
        expect_entry(it, "", *it->value, "not a number");
    }
}

static void reads_a_size_and_a_factor(void)
{
    const struct bp_option *it = named("BUMPALLOC_STABLE_REALLOC");
    static const char *const wrong[] = {"",
                                        "1M",
                                        ":4",
                                        "1M:",
                                        "1M:0",
                                        "1M:4096",
                                        "0:4",
                                        "1M:4:4",
                                        "1M:x",
                                        "x:4",
                                        "1M 4",
                                        "8388608T:2",
                                        "1234567890123456789012345:4"};
    expect_entry(it, "0", 0, NULL);
    expect_entry(it, "1M:8", BP_MIB | 8, NULL);
    expect_entry(it, "64k:4095", 64 * BP_KIB | 4095, NULL);
    expect_entry(it, "1:1", 4096 | 1, NULL);
    expect_entry(it, "4097:16", 8192 | 16, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_entry(it, wrong[i], 0, "not a size and a factor");
}

static void says_how_far_to_grow(void)
{
    CHECK_EQ(bp_options_stable_max(SIZE_MAX), 0);
    bp_options.stable_realloc = BP_MIB | 8;
    CHECK_EQ(bp_options_stable_max(BP_MIB - 1), 0);
    CHECK_EQ(bp_options_stable_max(BP_MIB), 8 * BP_MIB);
    CHECK_EQ(bp_options_stable_max(SIZE_MAX / 4), SIZE_MAX / 2);
}

static void expect_choices(const struct bp_option *option)
{
    char words[128], wrong[160];
    size_t index = 0;
    snprintf(words, sizeof words, "%s", option->words);
    for (char *word = strtok(words, "|"); word; word = strtok(NULL, "|"), index++) {
        expect_entry(option, word, index, NULL);
        snprintf(wrong, sizeof wrong, "%s ", word);
        expect_entry(option, wrong, *option->value, "unknown");
        snprintf(wrong, sizeof wrong, "%.*s", (int)strlen(word) - 1, word);
        expect_entry(option, wrong, *option->value, "unknown");
    }
    CHECK_FMT(index >= 2, "%s", option->words);
    expect_entry(option, option->words, *option->value, "unknown");
    expect_entry(option, "|", *option->value, "unknown");
}

static void reads_choices(void)
{
    for (unsigned i = 0; bp_option_at(i); i++) {
        if (bp_option_at(i)->kind == BP_OPTION_CHOICE)
            expect_choices(bp_option_at(i));
    }
    expect_entry(named("BUMPALLOC_PURGE"), "never", BP_PURGE_NEVER, NULL);
    expect_entry(named("BUMPALLOC_PURGE"), "now", BP_PURGE_NOW, NULL);
    expect_entry(named("BUMPALLOC_THP"), "always", BP_THP_ALWAYS, NULL);
    expect_entry(named("BUMPALLOC_THP"), "never", BP_THP_NEVER, NULL);
    expect_entry(named("BUMPALLOC_BACKGROUND"), "1", 1, NULL);
    expect_entry(named("BUMPALLOC_REALLOC_ZERO"), "alloc", 1, NULL);
    expect_entry(named("BUMPALLOC_REALLOC_ZERO"), "Alloc", 0, "unknown");
}

static void reads_texts(void)
{
    const struct bp_option *to = named("BUMPALLOC_STATS_TO");
    char longest[BP_OPTION_TEXT_MAX + 2], shorter[201];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    snprintf(shorter, sizeof shorter, "%s", longest); // expect_entry has room for that
    expected_text = "/tmp/stats.%p";
    expect_entry(to, "/tmp/stats.%p", 0, NULL);
    expected_text = shorter;
    expect_entry(to, shorter, 0, NULL);
    CHECK(bp_option_parse(to, longest + 1, NULL));
    expected_text = "2";
    expect_entry(to, "", 0, "empty or too long");
    CHECK(!bp_option_parse(to, longest, NULL));
}

// The environment may be overwritten once it was read.
static void texts_are_copied(void)
{
    char entry[] = "BUMPALLOC_STATS_TO=3";
    entries[0] = entry;
    environ = (char **)(uintptr_t)entries;
    bp_options_read();
    memset(entry, 'x', sizeof entry - 1);
    CHECK_STR(bp_options.stats_to, "3");
}

// --- bumpalloc_conf ---

static void set(const char *first, const char *second, const char *third)
{
    entries[0] = first;
    entries[1] = second;
    entries[2] = third;
}

const char *bumpalloc_conf; // this program's, as the library sees it

static void conf_sets_each(void)
{
    bumpalloc_conf = "limit=5M, purge-floor=1M\n THP=never,stats_to=4";
    bp_options_read();
    CHECK_EQ(bp_options.limit_bytes, 5 * BP_MIB);
    CHECK_EQ(bp_options.purge_floor_bytes, BP_MIB);
    CHECK_EQ(bp_options.thp, BP_THP_NEVER);
    CHECK_STR(bp_options.stats_to, "4");
    for (unsigned i = 0; bp_option_at(i); i++) {
        const struct bp_option *it = bp_option_at(i);
        bool said = it->value == &bp_options.limit_bytes || it == named("BUMPALLOC_STATS_TO") ||
                    it->value == &bp_options.purge_floor_bytes || it->value == &bp_options.thp;
        CHECK_EQ(bp_option_source(i), said ? BP_FROM_CONF : BP_FROM_DEFAULT);
    }
}

static void environment_goes_before_conf(void)
{
    bumpalloc_conf = "limit=5M";
    set("BUMPALLOC_LIMIT=6M", NULL, NULL);
    expect(named("BUMPALLOC_LIMIT"), 6 * BP_MIB, "");
    set("BUMPALLOC_LIMIT=six", NULL, NULL);
    expect(named("BUMPALLOC_LIMIT"), 5 * BP_MIB,
           "bumpalloc: BUMPALLOC_LIMIT=six: not a size, using 5M\n");
}

static void conf_is_reported_by_its_name(void)
{
    bumpalloc_conf = "limit=many,limits=1,purge,=,limit=1M";
    expect(named("BUMPALLOC_LIMIT"), BP_MIB,
           "bumpalloc: bumpalloc_conf: limit=many: not a size, using 0\n"
           "bumpalloc: bumpalloc_conf: limits=1: unknown option, ignored\n"
           "bumpalloc: bumpalloc_conf: purge: unknown option, ignored\n"
           "bumpalloc: bumpalloc_conf: =: unknown option, ignored\n");
}

static void values_print_as_they_are_read(void)
{
    static const struct {
        const char *name, *text;
    } some[] = {{"LIMIT", "5M"},        {"LIMIT", "1025"},
                {"RESERVE", "3T"},      {"PURGE", "never"},
                {"PURGE", "auto"},      {"PURGE_SHARE", "33"},
                {"STATS_TO", "a file"}, {"STATS", "prometheus"},
                {"LIMIT", "0"},         {"STABLE_REALLOC", "1M:8"},
                {"STABLE_REALLOC", "0"}};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        char entry[100];
        struct bp_line line = {.length = 0};
        const struct bp_option *option = bp_option_find(some[i].name, strlen(some[i].name));
        REQUIRE(option);
        snprintf(entry, sizeof entry, "BUMPALLOC_%s=%s", some[i].name, some[i].text);
        set(entry, NULL, NULL);
        environ = (char **)(uintptr_t)entries;
        bp_options_read();
        bp_option_print(option, &line);
        line.text[line.length] = 0;
        CHECK_STR(line.text, some[i].text);
    }
}

// --- the environment ---

static void reports_each_bad_option(void)
{
    set("BUMPALLOC_RESERVE=lots", "BUMPALLOC_REALLOC_ZERO=maybe", "BUMPALLOC_PURGE_SHARE=most");
    expect(named("BUMPALLOC_RESERVE"), 16 * BP_TIB,
           "bumpalloc: BUMPALLOC_RESERVE=lots: not a size, using 16T\n"
           "bumpalloc: BUMPALLOC_REALLOC_ZERO=maybe: unknown, using free\n"
           "bumpalloc: BUMPALLOC_PURGE_SHARE=most: not a number, using 12\n");
}

static void reports_unknown_names(void)
{
    set("BUMPALLOC_PURGES=now", "BUMPALLOC_=1", "BUMPALLOC_LIMIT=5M");
    expect(named("BUMPALLOC_LIMIT"), 5 * BP_MIB,
           "bumpalloc: BUMPALLOC_PURGES=now: unknown option, ignored\n"
           "bumpalloc: BUMPALLOC_=1: unknown option, ignored\n");
    set("BUMPALLOC_LIMI=1", "bumpalloc_limit=2", "BUMPALLOC_limit=3");
    expect(named("BUMPALLOC_LIMIT"), 0,
           "bumpalloc: BUMPALLOC_LIMI=1: unknown option, ignored\n"
           "bumpalloc: BUMPALLOC_limit=3: unknown option, ignored\n");
}

static void others_names_are_theirs(void)
{
    set("BUMPALLOC=1", "MY_BUMPALLOC_LIMIT=2", "BUMPALLOC_LIMIT"); // no value at all
    expect(named("BUMPALLOC_LIMIT"), 0, "");
    set("LIMIT=1", "=BUMPALLOC_LIMIT=5", "");
    expect(named("BUMPALLOC_LIMIT"), 0, "");
}

static void first_of_equals_wins(void)
{
    set("BUMPALLOC_LIMIT=1M", "BUMPALLOC_LIMIT=2M", "BUMPALLOC_LIMIT=x");
    expect(named("BUMPALLOC_LIMIT"), BP_MIB, "");
    set("BUMPALLOC_LIMIT=x", "BUMPALLOC_LIMIT=2M", NULL);
    expect(named("BUMPALLOC_LIMIT"), 0, "bumpalloc: BUMPALLOC_LIMIT=x: not a size, using 0\n");
}

static void value_may_hold_anything(void)
{
    set("BUMPALLOC_LIMIT=a=b", NULL, NULL);
    expect(named("BUMPALLOC_LIMIT"), 0, "bumpalloc: BUMPALLOC_LIMIT=a=b: not a size, using 0\n");
}

static void long_lines_are_cut(void)
{
    static char entry[2000];
    char said[300];
    snprintf(entry, sizeof entry, "BUMPALLOC_LIMIT=%0*d", 1900, 0);
    strcat(entry, "x");
    set(entry, NULL, NULL);
    snprintf(said, sizeof said, "bumpalloc: %.244s\n", entry);
    expect(named("BUMPALLOC_LIMIT"), 0, said);
}

static void nothing_set(void)
{
    set(NULL, NULL, NULL);
    expect(named("BUMPALLOC_PURGE"), BP_PURGE_AUTO, "");
}

UNIT_MAIN(UNIT_CASE(has_every_field_once), UNIT_CASE(texts_are_for_users),
          UNIT_CASE(defaults_are_as_told), UNIT_CASE(reads_sizes), UNIT_CASE(rejects_other_sizes),
          UNIT_CASE(reads_numbers), UNIT_CASE(reads_a_size_and_a_factor),
          UNIT_CASE(says_how_far_to_grow), UNIT_CASE(reads_choices), UNIT_CASE(reads_texts),
          UNIT_CASE(texts_are_copied), UNIT_CASE(conf_sets_each),
          UNIT_CASE(environment_goes_before_conf), UNIT_CASE(conf_is_reported_by_its_name),
          UNIT_CASE(values_print_as_they_are_read), UNIT_CASE(reports_each_bad_option),
          UNIT_CASE(reports_unknown_names), UNIT_CASE(others_names_are_theirs),
          UNIT_CASE(first_of_equals_wins), UNIT_CASE(value_may_hold_anything),
          UNIT_CASE(long_lines_are_cut), UNIT_CASE(nothing_set))
