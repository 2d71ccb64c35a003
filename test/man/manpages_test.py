# SPDX-License-Identifier: MIT
"""manpages_test.py SOURCE PAGES EXPORTS: the generator, and the pages that were built."""
import contextlib
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, PAGES, EXPORTS = map(pathlib.Path, sys.argv[1:4])
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / 'tools'))
import manpages

HEADER = '''// SPDX-License-Identifier: MIT
// A thing: it does what things do.
//
// More of it, with a back\\slash and
// .a dot.
#ifndef THING_H
#define THING_H

#define BUMP_THINGS 3

enum bump_kind {
    BUMP_ONE = 1, // the first
};

// Private.
struct bump_secret {
    int field;
};

// A place. Its fields are private.
struct bump_place {
    int hidden;
};

// Does it. NULL if not;
// never both.
void *bump_thing_do(int a,
                    int b);
int bump_thing_too(void);
// Gets it.
static inline int bump_thing_get(const struct bump_secret *secret)
{
    return bump_other(secret->field);
}

int bump_thing_silent(void);
// Private. For the others.
static inline int bump_hidden(void)
{
    return 1;
}
#endif
'''


class Generator(unittest.TestCase):
    def setUp(self):
        self.found = list(manpages.items(HEADER))

    def test_items(self):
        self.assertEqual([item.kind for item in self.found],
                         ['constant', 'type', 'type'] + 4 * ['function'])
        self.assertEqual(manpages.functions(HEADER),
                         ['bump_thing_do', 'bump_thing_too', 'bump_thing_get', 'bump_thing_silent'])

    def test_comments_are_joined(self):
        do = self.found[3]
        self.assertEqual(do.comment, ['Does it. NULL if not; never both.'])
        self.assertTrue(do.code.endswith('int b);'))
        self.assertEqual(self.found[4].comment, do.comment)  # no empty line between them
        self.assertEqual(self.found[6].comment, [])
        self.assertEqual(self.found[5].code,
                         'int bump_thing_get(const struct bump_secret *secret);')

    def test_private_fields(self):
        self.assertEqual(manpages.shown(self.found[2]), 'struct bump_place;')
        self.assertIn('// the first', manpages.shown(self.found[1]))

    def test_page(self):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / 'thing.h'
            header.write_text(HEADER)
            manpages.write(header, pathlib.Path(folder), '9.9', [header, pathlib.Path('other.h')])
            text = (header.parent / 'bump_thing.3').read_text()
            self.assertEqual((header.parent / 'bump_thing_do.3').read_text(),
                             '.so man3/bump_thing.3\n')
        self.assertIn('bump_thing_do, bump_thing_too, bump_thing_get, bump_thing_silent \\- a thing\n', text)
        self.assertIn('back\\eslash and .a dot', text)
        self.assertIn('\\fBNULL\\fP', text)
        self.assertIn('bump_other\\fP(3)', text)
        for absent in ('hidden', 'bump_secret {'):
            self.assertNotIn(absent, text)

    def test_list(self):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / 'thing.h'
            header.write_text(HEADER)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                self.assertEqual(manpages.main(['--list', str(header)]), 0)
        self.assertEqual(out.getvalue().split(),
                         ['bump_thing.3', 'bump_thing_do.3', 'bump_thing_get.3',
                          'bump_thing_silent.3', 'bump_thing_too.3'])


class Pages(unittest.TestCase):
    def test_no_function_is_left_out(self):
        exported = [line for line in EXPORTS.read_text().split() if line.startswith('bump_')]
        self.assertGreater(len(exported), 40)
        for name in exported:
            with self.subTest(name):
                text = (PAGES / f'{name}.3').read_text()
                page = text.split('/')[-1].strip() if text.startswith('.so') else f'{name}.3'
                self.assertIn(f'.SS {name}\n', (PAGES / page).read_text())

    @unittest.skipUnless(shutil.which('groff'), 'groff is not installed')
    def test_groff_has_no_complaint(self):
        pages = [path for path in sorted(PAGES.glob('*.3'))
                 if not path.read_text().startswith('.so')]
        self.assertGreaterEqual(len(pages), 6)
        for path in pages:
            done = subprocess.run(['groff', '-man', '-Tutf8', '-ww', '-z', path], text=True,
                                  stderr=subprocess.PIPE, check=False)
            self.assertEqual((path.name, done.stderr, done.returncode), (path.name, '', 0))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
