// SPDX-License-Identifier: MIT
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_policy *policy_add(struct sim_policies *policies, const char *name,
                                     enum sim_kind kind)
{
    if (policies->count == SIM_POLICY_MAX) {
        fprintf(stderr, "more than %d policies\n", SIM_POLICY_MAX);
        return NULL;
    }
    struct sim_policy *added = &policies->items[policies->count++];
    *added = (struct sim_policy){.kind = kind, .budget = bp_budget_policy()};
    snprintf(added->name, sizeof(added->name), "%s", name);
    return added;
}

// --- constants by name ---

static bool value_read(const char *text, size_t *ret_value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    const char *suffix = *end ? strchr("KkMmGg", *end) : NULL;
    unsigned shift = suffix ? 10u * (1u + (unsigned)(suffix - "KkMmGg") / 2) : 0;
    if (end[suffix != NULL] || value > (SIZE_MAX >> 20 >> shift))
        return false;
    *ret_value = (size_t)value << shift;
    return true;
}

static bool constant_set(struct bp_budget_policy *budget, const char *key, size_t value)
{
    if (strcmp(key, "floor") == 0)
        budget->floor_bytes = value;
    else if (strcmp(key, "share") == 0)
        budget->share_percent = value;
    else if (strcmp(key, "soon") == 0 && value <= UINT32_MAX)
        budget->soon_ms = (uint32_t)value;
    else if (strcmp(key, "wear") == 0 && value && value <= UINT32_MAX)
        budget->wear_ms = (uint32_t)value;
    else if (strcmp(key, "wear-share") == 0 && value && value <= UINT32_MAX)
        budget->wear_share = (uint32_t)value;
    else
        return false;
    return true;
}

static bool pair_set(struct sim_policy *policy, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char key[16];
    size_t value;
    if (!equals || (size_t)(equals - pair) >= sizeof(key))
        return false;
    snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
    if (strcmp(key, "name") == 0) {
        snprintf(policy->name, sizeof(policy->name), "%s", equals + 1);
        return policy->name[0] != '\0';
    }
    return value_read(equals + 1, &value) && constant_set(&policy->budget, key, value);
}

bool sim_policies_add(struct sim_policies *policies, const char *text)
{
    char pairs[256], *rest = pairs;
    struct sim_policy *added = policy_add(policies, text, SIM_BUDGET);
    if (!added)
        return false;
    added->in_chart = true;
    snprintf(pairs, sizeof(pairs), "%s", text);
    for (char *pair; (pair = strsep(&rest, ","));) {
        if (!pair_set(added, pair)) {
            fprintf(stderr,
                    "%s: not one of floor=SIZE, share=PERCENT, soon=MS, wear=MS, wear-share=N, "
                    "name=WORD\n",
                    pair);
            return false;
        }
    }
    return true;
}

// --- the standard ones ---

static void never_add(struct sim_policies *policies)
{
    policy_add(policies, "never", SIM_NEVER)->in_chart = true;
}

static void now_add(struct sim_policies *policies)
{
    struct sim_policy *now = policy_add(policies, "now", SIM_BUDGET);
    now->in_chart = true;
    now->budget.floor_bytes = now->budget.share_percent = now->budget.soon_ms = 0;
}

static void decay_add(struct sim_policies *policies, const char *name, uint32_t decay_ms)
{
    struct sim_policy *decay = policy_add(policies, name, SIM_DECAY);
    decay->in_chart = true;
    decay->decay_ms = decay_ms;
}

static void variant_add(struct sim_policies *policies, const char *key, const char *word,
                        size_t value)
{
    char name[40];
    snprintf(name, sizeof(name), "%s %s", key, word);
    constant_set(&policy_add(policies, name, SIM_BUDGET)->budget, key, value);
}

static void variants_add(struct sim_policies *policies)
{
    struct bp_budget_policy ours = bp_budget_policy();
    const struct {
        const char *key;
        size_t value;
    } constants[] = {{"floor", ours.floor_bytes},
                     {"share", ours.share_percent},
                     {"soon", ours.soon_ms},
                     {"wear", ours.wear_ms},
                     {"wear-share", ours.wear_share}};
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
        variant_add(policies, constants[i].key, "halved", constants[i].value / 2);
        variant_add(policies, constants[i].key, "doubled", 2 * constants[i].value);
    }
}

void sim_policies_standard(struct sim_policies *ret_policies)
{
    ret_policies->count = 0;
    policy_add(ret_policies, "ours", SIM_BUDGET)->in_chart = true;
    never_add(ret_policies);
    now_add(ret_policies);
    policy_add(ret_policies, "no regret", SIM_BUDGET)->budget.soon_ms = 0;
    decay_add(ret_policies, "decay 10 s", 10000);
    decay_add(ret_policies, "decay 1 s", 1000);
    variants_add(ret_policies);
}

const struct sim_policy *sim_policy_named(const struct sim_policies *policies, const char *name)
{
    for (size_t i = 0; i < policies->count; i++) {
        if (strcmp(policies->items[i].name, name) == 0)
            return &policies->items[i];
    }
    return NULL;
}
