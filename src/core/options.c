// SPDX-License-Identifier: MIT
#include "core/options.h"

#include "base/limits.h"
#include "core/report.h"
#include "os/os.h"

#include <string.h>

struct bp_options bp_options = {.reserve_bytes = BP_RESERVE_DEFAULT};

static unsigned suffix_shift(char suffix)
{
    switch (suffix | 0x20) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    case 't':
        return 40;
    default:
        return 0;
    }
}

// Digits, then K, M, G, T or nothing; true if text is just that and fits.
static bool parse_size(const char *text, size_t *ret_bytes)
{
    size_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(*at - '0'), &value))
            return false;
    }
    unsigned shift = *at ? suffix_shift(*at) : 0;
    if (at == text || (*at && (!shift || at[1])) || (value << shift) >> shift != value)
        return false;
    *ret_bytes = value << shift;
    return true;
}

static void read_size(const char *name, size_t *option, const char *default_text)
{
    const char *text = bp_os_env(name);
    if (text && !parse_size(text, option))
        bp_report_option(name, text, "not a size", default_text);
}

// One of two words; the first is the default.
static void read_choice(const char *name, bool *option, const char *no, const char *yes)
{
    const char *text = bp_os_env(name);
    if (!text)
        return;
    if (strcmp(text, yes) == 0)
        *option = true;
    else if (strcmp(text, no) != 0)
        bp_report_option(name, text, "unknown", no);
}

void bp_options_read(void)
{
    read_size("BUMPALLOC_RESERVE", &bp_options.reserve_bytes, "16T");
    read_choice("BUMPALLOC_REALLOC_ZERO", &bp_options.realloc_zero_allocates, "free", "alloc");
}
