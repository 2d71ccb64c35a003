# SPDX-License-Identifier: MIT
"""A small clean tree to plant faults in. The first argument of a test is the tools folder."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, sys.argv.pop(1) if len(sys.argv) > 1 else str(HERE.parent.parent / 'tools'))
import lint  # the path above has to come first

SPDX = '// SPDX-License-Identifier: MIT\n'
PROSE = SPDX + '// What this header is for.\n// And the invariant that it keeps.\n'
CLEAN = {
    'src/base/atomics.h': PROSE + '''#ifndef BP_BASE_ATOMICS_H
#define BP_BASE_ATOMICS_H
#include <stdatomic.h>
static inline int bp_load_acquire(_Atomic int *cell)
{
    return atomic_load_explicit(cell, memory_order_acquire);
}
static inline int bp_swap_acq_rel(_Atomic int *cell, int value)
{
    return atomic_exchange_explicit(cell, value, memory_order_acq_rel);
}
#endif
''',
    'src/base/attr.h': PROSE + '#ifdef __GNUC__\n#define BP_COLD __attribute__((cold))\n#endif\n',
    'src/thread/heap_hot.h': PROSE + '''#ifndef BP_THREAD_HEAP_HOT_H
#define BP_THREAD_HEAP_HOT_H
#include "base/attr.h"
#endif
''',
    'src/os/os.c': SPDX + '''#ifdef __linux__
int bp_os_call(void)
{
    int saved = errno;
    errno = saved;
    return 0;
}
#endif
''',
    'src/entry/malloc.c': SPDX + 'void bump_fail(void)\n{\n    errno = ENOMEM;\n}\n',
    'src/meson.build': '''# SPDX-License-Identifier: MIT
layers = [
  ['base', files('base/base.c')],
  ['os', os_sources],
  ['entry', files('entry/malloc.c')],
]
''',
    'include/bumpalloc/bumpalloc.h': SPDX + 'void bump_fail(void);\n',
    'tools/run': '#!/bin/sh\n# SPDX-License-Identifier: MIT\n# --verbose BUMPALLOC_RESERVE\n',
    'tools/check.py': '# SPDX-License-Identifier: MIT\n# --fast\n',
    'test/some.c': SPDX + 'int main(void)\n{\n    return 0;\n}\n',
    'meson.build': '# SPDX-License-Identifier: MIT\n',
}


class TreeTest(unittest.TestCase):
    """Each test starts with the clean tree and plants one fault."""

    def setUp(self):
        self.maxDiff = None
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path):
        (self.root / path).unlink()

    def found(self, with_format=False):
        """(path, line, rule) of every finding."""
        return [finding[:3] for finding in lint.lint(self.root, with_format)[0]]

    def expect(self, *findings):
        self.assertEqual(self.found(), list(findings))

    def plant(self, path, text, rule, line):
        """This file raises this one finding."""
        self.write(path, text)
        self.expect((path, line, rule))

    def accept(self, path, text):
        self.write(path, text)
        self.expect()


def run_main(*arguments):
    """(exit status, stdout) of the command."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = lint.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
    return status, out.getvalue()
