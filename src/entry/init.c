// SPDX-License-Identifier: MIT
#include "api/report.h"
#include "entry/entry.h"
#include "thread/boot.h"

void bp_entry_init(void)
{
    bp_boot(bp_report_boot);
}

void bp_entry_attach(void)
{
    bp_boot(bp_report_boot);
    bp_registry_attach();
}
