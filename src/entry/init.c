// SPDX-License-Identifier: MIT
#include "api/profile.h"
#include "api/report.h"
#include "entry/entry.h"
#include "thread/boot.h"

void bp_entry_init(void)
{
    bp_boot(bp_report_boot);
}

void bp_entry_init_early(void)
{
    bp_boot_early(bp_report_boot);
}

void bp_entry_finish(void)
{
    if (!bp_boot_is_done())
        return;
    bp_profile_at_exit();
    bp_report_at_exit();
}

void bp_entry_attach(void)
{
    bp_boot(bp_report_boot);
    bp_registry_attach();
}
