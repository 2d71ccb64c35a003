// SPDX-License-Identifier: MIT
#include "profile/frame.h"

#include "core/report.h"
#include "os/os.h"

// An address is where a call returns to: what lies before it made the call.
static void frame_line(uintptr_t address)
{
    struct bp_line line = {.length = 0};
    struct bp_os_symbol symbol;
    bp_line_text(&line, "    ");
    bp_line_hex(&line, address);
    if (bp_os_symbol_at((void *)(address - 1), &symbol)) {
        bp_line_text(&line, " ");
        bp_line_text(&line, symbol.name ? symbol.name : "?");
        bp_line_text(&line, " in ");
        bp_line_text(&line, symbol.file);
        bp_line_text(&line, "+");
        bp_line_hex(&line, symbol.file_offset);
    }
    bp_line_send(&line);
}

void bp_frame_lines(const uintptr_t *addresses, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        frame_line(addresses[i]);
}
