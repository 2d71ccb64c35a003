// SPDX-License-Identifier: MIT
// What the user asked for. Filled once, before the first allocation returns, and constant then.
//  1. One table says everything of an option: its variable, kind, default, meaning, and where its
//     value goes. Nothing else knows a variable's name.
//  2. Parsing never allocates; a bad value or an unknown name costs one line on stderr and counts
//     as not given. The first of several equal names wins, as with getenv.
//  3. The environment goes before `bumpalloc_conf`, a string that a program may define, and that
//     before the defaults. A program with raised privileges has no environment here.
#ifndef BP_CORE_OPTIONS_H
#define BP_CORE_OPTIONS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bp_purge_mode { BP_PURGE_AUTO, BP_PURGE_NOW, BP_PURGE_NEVER };
enum bp_thp_mode { BP_THP_AUTO, BP_THP_NEVER, BP_THP_ALWAYS };
enum bp_stats_mode {
    BP_STATS_NONE,
    BP_STATS_TEXT,
    BP_STATS_JSON,
    BP_STATS_PROMETHEUS,
    BP_STATS_XML
};

struct bp_options {
    size_t reserve_bytes;          // 0 = no reservation
    size_t limit_bytes;            // 0 = none
    size_t purge;                  // enum bp_purge_mode
    size_t purge_floor_bytes;      // dirty bytes that are always allowed
    size_t purge_share_percent;    // of what is in use, may be dirty
    size_t purge_regret_ms;        // purged and needed again within this time is regretted
    size_t background;             // 0 or 1
    size_t thread_cache_bytes;     // what one thread's magazines may hold
    size_t cache_bytes;            // what those of all threads may hold, for each CPU
    size_t thp;                    // enum bp_thp_mode
    size_t realloc_zero_allocates; // realloc(p, 0) is a new object
    size_t stable_realloc;         // a size and, in its low 12 bits, a factor; 0: off
    size_t nofree;                 // 0 or 1
    size_t guard;                  // one in so many objects is guarded (guard/guard.h); 0: none
    size_t check;                  // chains of free objects are walked (region/chain.h)
    size_t stats;                  // enum bp_stats_mode, when the program exits
    const char *stats_to;          // a descriptor's number or a file's name
    size_t count;                  // every allocation and free is counted
    size_t outside;                // other processes may ask for something
    size_t verbose;                // say at the start what was resolved
    const char *profile;       // a file's name: allocations are sampled, and it is written at exit
    size_t profile_mean_bytes; // between samples
    size_t profile_peak;       // the file is written at new peaks too
    size_t leaks;              // say at exit what is still in use, by site
};

enum bp_option_kind {
    BP_OPTION_SIZE,
    BP_OPTION_NUMBER,
    BP_OPTION_CHOICE,
    BP_OPTION_TIMES,
    BP_OPTION_TEXT,
};
enum bp_option_source { BP_FROM_DEFAULT, BP_FROM_CONF, BP_FROM_ENVIRONMENT };
enum { BP_OPTION_TEXT_MAX = 255 }; // bytes of a text

struct bp_option {
    const char *name;
    enum bp_option_kind kind;
    const char *words;        // a choice: what it may be, the value is the index; "a|b|c";
                              // of a text: the name of what it says; NULL for numbers
    const char *default_text; // as a user would write it
    const char *meaning;      // one line
    size_t *value;            // of a text: in truth a const char *, to a copy that stays
};

extern struct bp_options bp_options;

void bp_options_read(void);
// Was any option given, good or bad?
BP_COLD bool bp_options_any(void);

// How far an object that realloc makes so large is to be able to grow in place; 0: no further than
// it comes.
static inline size_t bp_options_stable_max(size_t n_bytes)
{
    size_t factor = bp_options.stable_realloc & 4095;
    size_t max_bytes;
    if (!factor || n_bytes < bp_options.stable_realloc - factor)
        return 0;
    return __builtin_mul_overflow(n_bytes, factor, &max_bytes) ? SIZE_MAX / 2 : max_bytes;
}
// The table's rows; NULL behind the last.
const struct bp_option *bp_option_at(unsigned index);
// True if the text is a value of this option.
bool bp_option_parse(const struct bp_option *option, const char *text, size_t *ret_value);
// Who said so.
enum bp_option_source bp_option_source(unsigned index);
// What a table's row is now, as a user would write it.
struct bp_line;
void bp_option_print(const struct bp_option *option, struct bp_line *line);
// The row that a name without BUMPALLOC_ means, in any case, - for _; NULL if there is none.
const struct bp_option *bp_option_find(const char *name, size_t length);

#endif
