# SPDX-License-Identifier: MIT
"""Every rule finds the fault that is planted for it, and nothing in what is clean."""
import contextlib
import io
import shutil
import unittest
from unittest import mock

from lint_support import PROSE, SPDX, TreeTest, run_main
import lint


def function(name, n_lines):
    return f'void {name}(void)\n{{\n' + '    g();\n' * (n_lines - 3) + '}\n'


class Texts(TreeTest):
    def test_clean_tree(self):
        self.expect()

    def test_licence(self):
        self.plant('test/a.c', '// A test.\n' + SPDX, 'spdx', 1)
        self.plant('test/a.c', '', 'spdx', 1)
        self.remove('test/a.c')
        self.plant('tools/tool', '#!/bin/sh\n\n# SPDX-License-Identifier: MIT\n', 'spdx', 1)
        self.remove('tools/tool')
        self.plant('meson.build', 'project()\n', 'spdx', 1)

    def test_licence_is_not_for_data_and_hidden_files(self):
        self.accept('test/golden.txt', 'data\n')
        self.accept('test/.hidden.c', 'int a;\n')
        self.accept('tools/__pycache__/a.py', 'a\n')

    def test_file_length(self):
        comments = '# line\n' * lint.MAX_FILE
        self.plant('tools/a.py', '# SPDX-License-Identifier: MIT\n' + comments, 'file-length', 501)
        self.accept('tools/a.py', '# SPDX-License-Identifier: MIT\n' + comments[7:])

    def test_unfinished(self):
        for word in ('TO' 'DO', 'FIX' 'ME', 'XX' 'X'):
            self.plant('test/a.c', SPDX + f'int a; // {word}: later\n', 'unfinished', 2)
        self.accept('test/a.c', SPDX + 'char a[] = "/some.XX' 'XXXX";\n')


class Lengths(TreeTest):
    def test_function_length(self):
        few = ''.join(function(f'f{i}', 5) for i in range(40))
        self.plant('src/api/a.c', SPDX + few + function('long', 61), 'function-length', 202)
        self.accept('src/api/a.c', SPDX + few + function('long', 60))
        self.accept('test/a.c', SPDX + function('long', 80))

    def test_long_share(self):
        few = ''.join(function(f'f{i}', 5) for i in range(30))
        two = function('a', 41) + function('b', 41)
        self.plant('src/api/a.c', SPDX + few + two, 'function-share', 1)

    def plant(self, path, text, rule, line):
        self.write(path, text)
        self.expect(('src' if rule == 'function-share' else path, line, rule))

    def test_median(self):
        self.write('src/api/a.c', SPDX + ''.join(function(f'f{i}', 9) for i in range(9)))
        self.expect(('src', 1, 'function-median'))

    def test_macro_density(self):
        filler = '// word\n' * 450
        macros = '#define A(x) x\n#define B() 1\n#define C (1)\n'
        self.write('src/api/a.c', SPDX + macros + filler)
        self.expect(('src', 1, 'macro-density'))
        self.write('src/api/b.c', SPDX + filler)
        self.write('src/api/c.c', SPDX + filler)
        self.expect()


class Preprocessor(TreeTest):
    def test_os_macros(self):
        for use in ('#ifdef __linux__\n#endif\n', '#if defined(_WIN32)\n#endif\n',
                    'int a = __APPLE__;\n', '#define A __unix__\n'):
            self.plant('src/core/a.c', SPDX + use, 'os-macro', 2)
            self.accept('src/core/a.c', SPDX + '// __linux__\nchar a[] = "__linux__";\n')
        self.plant('include/bumpalloc/a.h', SPDX + '#ifdef _WIN32\n#endif\n', 'os-macro', 2)
        self.remove('include/bumpalloc/a.h')
        self.accept('src/interpose/a.c', SPDX + '#ifdef __APPLE__\n#endif\n')
        self.accept('test/a.c', SPDX + '#ifdef __linux__\n#endif\n')

    def test_compiler_macros(self):
        for macro in ('__GNUC__', '__clang__', '_MSC_VER', '__has_builtin(a)'):
            self.plant('src/os/a.c', SPDX + f'#if {macro}\n#endif\n', 'compiler-macro', 2)
        self.accept('src/os/a.c', SPDX + '#if BP_CHECKS\n#endif\n')

    def test_if_depth(self):
        deep = '#if A\n#if B\n#if C\n#endif\n#endif\n#endif\n'
        self.plant('src/core/a.c', SPDX + deep, 'if-depth', 4)
        self.accept('src/core/a.c', SPDX + deep.replace('#if C\n#endif\n', ''))
        self.plant('src/core/a.h', PROSE + f'#ifndef H\n#define H\n{deep}#endif\n', 'if-depth', 8)
        flat = '#if A\n#if B\n#endif\n#endif\n'
        self.accept('src/core/a.h', PROSE + f'#ifndef H\n#define H\n{flat}#endif\n')
        self.accept('src/os/a.c', SPDX + deep)

    def test_hot_header(self):
        path = 'src/thread/heap_hot.h'
        guards = (('', ''), ('#pragma once\n', ''), ('#ifndef H\n#define H\n', '#endif\n'))
        for guard, end in guards:
            self.accept(path, PROSE + guard + '#define A 1\n' + end)
            self.write(path, PROSE + guard + '#if A\n#endif\n' + end)
            line = PROSE.count('\n') + guard.count('\n')
            self.expect((path, line + 1, 'hot-header'), (path, line + 2, 'hot-header'))
        self.remove(path)
        self.write('src/thread/heap.c', SPDX)
        self.expect((path, 1, 'hot-header'))

    def test_dead_code(self):
        for zero in ('0', '(0)', ' 0 // why'):
            self.plant('test/a.c', SPDX + f'#if {zero}\n#endif\n', 'if-0', 2)
        self.accept('test/a.c', SPDX + '// #if 0\n#if 01\n#endif\n#if A == 0\n#endif\n')

    def test_included_code(self):
        self.plant('test/a.c', SPDX + '#include "b.c"\n', 'include-c', 2)
        self.plant('test/a.c', SPDX + '# include <x/b.c>\n', 'include-c', 2)
        self.accept('test/a.c', SPDX + '// #include "b.c"\n#include "b.c.h"\n')

    def test_layers(self):
        self.plant('src/os/a.c', SPDX + '#include "entry/a.h"\n', 'layer-include', 2)
        self.plant('src/os/a.c', SPDX + '# include "entry/deep/a.h"\n', 'layer-include', 2)
        self.accept('src/os/a.c', SPDX + '// #include "entry/a.h"\n#include "base/a.h"\n'
                    '#include "os/a.h"\n#include <entry/a.h>\n')
        self.accept('src/entry/a.c', SPDX + '#include "os/a.h"\n')


class Atomics(TreeTest):
    def test_raw_atomics(self):
        for call in ('atomic_load(&a)', 'atomic_store_explicit(&a, 1, memory_order_relaxed)',
                     '__atomic_load_n(&a, 0)', '__sync_fetch_and_add(&a, 1)'):
            self.plant('src/os/a.c', SPDX + f'int a;\nint b = {call};\n', 'raw-atomic', 3)
        self.accept('src/os/a.c', SPDX + 'bp_atomic_size a;\n// atomic_load(x)\n')
        self.accept('test/a.c', SPDX + 'int b = atomic_load(&a);\n')

    def test_order_needs_its_reason(self):
        calls = ('bp_load_acquire', 'bp_store_u32_release', 'bp_cas_acq_rel', 'bp_exchange_x',
                 'bp_fetch_add_seq_cst', 'bp_fence_release', 'bp_swap_acq_rel')
        for name in calls:
            self.plant('src/core/a.c', SPDX + f'int f = 1;\nint a = {name}(&b);\n', 'pairs-with', 3)

    def test_comment_is_near_enough(self):
        call = 'int a = bp_load_acquire(&b);'
        self.accept('src/core/a.c', SPDX + f'{call} // pairs with f: sees c\n')
        self.accept('src/core/a.c', SPDX + f'// Pairs with f: sees c\nint x;\nint y;\n{call}\n')
        self.plant('src/core/a.c', SPDX + f'// pairs with f\nint x;\nint y;\nint z;\n{call}\n',
                   'pairs-with', 6)
        self.plant('src/core/a.c', SPDX + f'char *x = "pairs with f";\n{call}\n', 'pairs-with', 3)

    def test_relaxed_is_free(self):
        self.accept('src/core/a.c', SPDX + 'int a = bp_load_relaxed(&b);\n'
                    'int b = bp_fetch_add_relaxed(&c, 1);\n')
        self.accept('src/core/a.c', SPDX + 'void f(void)\n{\n    bp_lock_take(&l);\n}\n')

    def test_locks_say_what_they_guard(self):
        for lock in ('struct bp_lock lock;', 'static struct bp_lock locks[3];',
                     'struct bp_lock a = {.state = 0};', 'struct bp_lock BP_ALIGNED(64) lock;'):
            self.plant('src/core/a.c', SPDX + f'int a; // rank\n\n{lock}\n', 'lock-rank', 4)
            self.accept('src/core/a.c', SPDX + f'{lock} // rank DEPOT: guards a and b\n')
            self.accept('src/core/a.c', SPDX + f'// guards a;\n// rank 3\n{lock}\n')
            self.plant('src/core/a.c', SPDX + f'// guards a\n{lock}\n', 'lock-rank', 3)
        self.accept('src/core/a.c', SPDX + 'struct bp_lock {\n    int state;\n};\n'
                    'void f(struct bp_lock *lock);\nstruct bp_lock *g(void);\n')


class Habits(TreeTest):
    def test_errno(self):
        for use in ('errno = 3;', 'errno=3;', 'errno |= 1;', 'errno++;',
                    '*__errno_location() = 3;'):
            self.plant('src/region/a.c', SPDX + f'int a;\n{use}\n', 'errno', 3)
        self.accept('src/region/a.c', SPDX + 'int a = errno;\nint b = errno == 3 || errno >= 4;\n')
        self.plant('src/region/a.c', SPDX + 'errno = saved;\n', 'errno', 2)
        self.remove('src/region/a.c')
        self.plant('src/os/a.c', SPDX + 'errno = ENOMEM;\n', 'errno', 2)
        self.accept('src/os/a.c', SPDX + 'errno = saved_errno;\n')

    def test_type_names(self):
        for name in ('typedef int foo_t;', 'typedef void (*foo_t)(void);', 'typedef int foo_t[4];',
                     'typedef struct {\n    int a;\n    union {\n        int b;\n    };\n} foo_t;',
                     'typedef int foo_t(int);'):
            self.plant('src/core/a.c', SPDX + name + '\n', 'typedef-t', 2)
        self.accept('src/core/a.c', SPDX + 'typedef uint8_t byte;\ntypedef _Atomic(size_t) word;\n'
                    'size_t x_t;\ntypedef struct {\n    size_t a_t;\n} foo;\n')

    def test_header_prose(self):
        guard = '#ifndef H\n#define H\n'
        end = '#endif\n'
        for opening in ('', '// One line.\n', 'int a;\n// Two\n// lines.\n', '// One.\n\n// Two.\n',
                        '//\n//\n'):
            self.plant('src/core/a.h', SPDX + opening + guard + end, 'header-prose', 1)
        self.accept('src/core/a.h', SPDX + '\n// Two\n// lines.\n' + guard + end)
        self.accept('src/core/a.h', SPDX + guard + '/* Two\n   lines. */\n' + end)
        self.accept('src/core/a.h', SPDX + '#pragma once\n// Two\n// lines.\n')

    @unittest.skipUnless(shutil.which('clang-format'), 'clang-format is not installed')
    def test_format(self):
        self.assertEqual(self.found(with_format=True), [('.clang-format', 1, 'format')])
        self.write('.clang-format', 'BasedOnStyle: LLVM\nIndentWidth: 4\nColumnLimit: 100\n'
                   'BreakBeforeBraces: Linux\nAllowShortFunctionsOnASingleLine: None\n')
        self.assertEqual(self.found(with_format=True), [])
        self.write('test/some.c', SPDX + '\nint   main(void);\n\nint  b;\n')
        self.assertEqual(self.found(with_format=True), [('test/some.c', 3, 'format')])

        self.write('.clang-format', 'BasedOnStyle: Unheard\n')
        self.assertEqual(self.found(with_format=True), [('.clang-format', 1, 'format')])

    def test_no_formatter(self):
        self.write('.clang-format', 'BasedOnStyle: LLVM\n')
        with mock.patch('shutil.which', return_value=None), contextlib.redirect_stderr(
                io.StringIO()) as said:
            self.assertEqual(self.found(with_format=True), [])
        self.assertIn('not checked', said.getvalue())


class Command(TreeTest):
    def test_status_and_lines(self):
        self.assertEqual(run_main('--no-format', '--root', self.root), (0, ''))
        self.write('test/a.c', SPDX + '#if 0\n#endif\n')
        self.assertEqual(run_main('--no-format', '--root', self.root),
                         (1, 'test/a.c:2: if-0: dead code: delete it\n'))

    def test_usage(self):
        self.assertEqual(run_main('--unknown')[0], 2)
        self.assertEqual(run_main('--root', self.root / 'src/os')[0], 2)
        status, text = run_main('--help')
        self.assertEqual(status, 0)
        self.assertIn('--stats', text)

    def test_stats(self):
        lengths = (3, 4, 5, 6, 60)
        self.write('src/api/a.c', SPDX + ''.join(function(f'f{n}', n) for n in lengths))
        numbers = lint.lint(self.root, False)[1]
        # with those of the clean tree: 3 4 4 4 4 5 6 6 60
        self.assertEqual((numbers['functions'], numbers['longest']), (9, 60))
        self.assertEqual(numbers['median'], 4)
        self.assertAlmostEqual(numbers['long share'], 1 / 9)
        self.assertIn('long share       11.1%', run_main('--no-format', '--stats', '--root',
                                                         self.root)[1])


if __name__ == '__main__':
    unittest.main()
