# SPDX-License-Identifier: MIT
"""Which lines of C are functions, comments and code."""
import unittest

import lint_support  # noqa: F401  sets the path for the next line
import c_source

FUNCTIONS = {
    'linux braces': ('int f(void)\n{\n    return 0;\n}\n', [('f', 1, 4)]),
    'brace on the same line': ('int f(void) {\n    return 0;\n}\n', [('f', 1, 3)]),
    'signature on three lines': ('static void *\nlong_name(int a,\n          int b)\n{\n}\n',
                                 [('long_name', 1, 5)]),
    'nested blocks': ('void f(int a)\n{\n    if (a) {\n        g();\n    }\n}\n', [('f', 1, 6)]),
    'static inline with attributes': (
        'static inline __attribute__((always_inline)) int f(void)\n{\n}\n', [('f', 1, 3)]),
    'attribute macros before': ('BP_EXPORT BP_ALLOC(1, 2) void *f(size_t n)\n{\n}\n',
                                [('f', 1, 3)]),
    'attribute macros after': ('void f(struct bp_lock *l) BP_REQUIRES(l) BP_NOEXCEPT\n{\n}\n',
                               [('f', 1, 3)]),
    'attribute after': ('void f(void) __attribute__((cold))\n{\n}\n', [('f', 1, 3)]),
    'function pointer parameter': ('int f(int (*cb)(void *), void *p)\n{\n}\n', [('f', 1, 3)]),
    'returns a function pointer': ('int (*f(int a))(void)\n{\n}\n', [('f', 1, 3)]),
    'returns a struct': ('struct bin *f(void)\n{\n}\n', [('f', 1, 3)]),
    'made by a macro': ('TEST(zero_size)\n{\n}\n', [('TEST', 1, 3)]),
    'struct': ('struct bin {\n    void *head;\n};\nint f(void)\n{\n}\n', [('f', 4, 6)]),
    'aligned struct': ('struct BP_ALIGNED(64) bin {\n    int a;\n};\n', []),
    'attribute struct': ('struct __attribute__((packed)) {\n    int a;\n} global;\n', []),
    'struct with packed after': (
        'struct bin {\n    union {\n        int a;\n    };\n} BP_PACKED;\n', []),
    'enum': ('enum rank { A, B = (1 << 2) };\n', []),
    'initialiser': ('static const int table[] = {\n    [0] = 1,\n    [(3)] = 2,\n};\n', []),
    'designated initialiser': ('struct s x = {.f = (void *)g, .a = {1, 2}};\n', []),
    'initialiser with a call': ('struct s x BP_ALIGNED(64) = INIT(1) {\n};\n', []),
    'struct and object': ('struct s {\n    int a;\n} x = {\n    1,\n};\n', []),
    'prototype': ('int f(void);\nint g(int (*)(int));\n', []),
    'brace in a string': ('char *f(void)\n{\n    return "}{{";\n}\n', [('f', 1, 4)]),
    'brace in a character': ("int f(int c)\n{\n    return c == '}' || c == '\\'';\n}\n",
                             [('f', 1, 4)]),
    'brace in a comment': ('int f(void)\n{\n    // }}}\n    /* } */\n}\n', [('f', 1, 5)]),
    'macro with braces': ('#define M(x) \\\n    do {      \\\n        x;    \nint f(void)\n{\n}\n',
                          [('f', 4, 6)]),
    'two heads': ('#if A\nint f(void) {\n#else\nint f(int a) {\n#endif\n    g();\n}\n',
                  [('f', 4, 7)]),
    'two bodies': ('#if A\nint f(void)\n{\n}\n#else\nint f(void)\n{\n    g();\n}\n#endif\n',
                   [('f', 2, 4), ('f', 6, 9)]),
    'condition inside': (
        'int f(void)\n{\n#if A\n    if (a) {\n#else\n    if (b) {\n#endif\n    }\n}\n',
        [('f', 1, 9)]),
    'extern C': ('extern "C" {\nint f(void)\n{\n}\n}\nint g(void)\n{\n}\n',
                 [('f', 2, 4), ('g', 6, 8)]),
    'after an assertion': ('_Static_assert(sizeof(int) == 4, "{");\nint f(void)\n{\n}\n',
                           [('f', 2, 4)]),
    'comment above': ('// why\nint f(void)\n{\n}\n', [('f', 2, 4)]),
}


class Functions(unittest.TestCase):
    def test_samples(self):
        for name, (text, expected) in FUNCTIONS.items():
            with self.subTest(name):
                found = c_source.functions(c_source.Source('x.c', text))
                self.assertEqual(found, expected)


class Blanking(unittest.TestCase):
    def test_code_keeps_its_lines_and_columns(self):
        source = c_source.Source('x.c', 'a = "x // y"; /* one\ntwo */ b; // three\n')
        self.assertEqual(source.code_lines, ['a = "      ";       ', '       b;         ', ''])
        self.assertEqual(source.comments[1:], ['/* one', 'two */// three', ''])

    def test_directives_are_joined(self):
        source = c_source.Source('x.c', '# define F(a) \\\n  a\n#if X /* why */\n#endif\n')
        self.assertEqual(source.directives,
                         [(1, 'define', 'F(a)    a'), (3, 'if', 'X'), (4, 'endif', '')])

    def test_guard(self):
        guard = '#ifndef X_H\n#define X_H\nint a;\n#endif\n'
        self.assertEqual(c_source.Source('x.h', guard).guard(), 2)
        self.assertEqual(c_source.Source('x.h', guard.replace('define X', 'define Y')).guard(), 0)
        self.assertEqual(c_source.Source('x.h', '#pragma once\n').guard(), 0)

    def test_comment_above(self):
        source = c_source.Source('x.c', '// far\n\n// a\n// b\nint x; // c\nint y;\n')
        self.assertEqual(source.comment_above(5), '// a\n// b\n// c')
        self.assertEqual(source.comment_above(6), '')


if __name__ == '__main__':
    unittest.main()
