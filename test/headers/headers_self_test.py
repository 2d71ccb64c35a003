# SPDX-License-Identifier: MIT
"""The header test fails for headers that lean on others, and only for those."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import headers_test

COMPILER = sys.argv[1:]
GUARD = '#ifndef X_H\n#define X_H\n{}\n#endif\n'


class Headers(unittest.TestCase):
    def compiles(self, text, how, name='src/core/x.h'):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True)
            (pathlib.Path(folder) / 'include').mkdir(exist_ok=True)
            path.write_text(text)
            self.assertEqual(headers_test.discover(pathlib.Path(folder)), [name])
            command = dict(headers_test.commands(name, COMPILER, COMPILER))[how]
            return headers_test.compile_alone(pathlib.Path(folder), name, command) == ''

    def test_alone(self):
        sound = GUARD.format('#include <stddef.h>\nsize_t f(void);')
        for how in ('C11 BP_CHECKS=0', 'C11 BP_CHECKS=1'):
            self.assertTrue(self.compiles(sound, how))
            self.assertTrue(self.compiles(GUARD.format('#define A 1'), how))
            self.assertFalse(self.compiles(GUARD.format('size_t f(void);'), how))

    def test_both_settings_of_checks(self):
        text = GUARD.format('#if BP_CHECKS\nsize_t f(void);\n#endif')
        self.assertTrue(self.compiles(text, 'C11 BP_CHECKS=0'))
        self.assertFalse(self.compiles(text, 'C11 BP_CHECKS=1'))

    def test_guard(self):
        self.assertFalse(self.compiles('struct x {\n    int a;\n};\n', 'C11 BP_CHECKS=0'))

    def test_public(self):
        name = 'include/bumpalloc/x.h'
        for text, c11, cxx17 in (('int f(void);', True, True), ('int class;', True, False),
                                 ('int a = 0b1;', False, True),
                                 ('static int f(int a);', False, False)):
            with self.subTest(text):
                self.assertEqual(self.compiles(GUARD.format(text), 'C11', name), c11)
                self.assertEqual(self.compiles(GUARD.format(text), 'C++17', name), cxx17)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
