# SPDX-License-Identifier: MIT
"""What the documents name has to exist."""
import unittest

from lint_support import TreeTest


class Documents(TreeTest):
    def stale(self, span, path='README.md'):
        """The span is reported, in a line of prose and at the right place."""
        with self.subTest(span):
            self.write(path, f'# Title\n\nSee `{span}` there.\n')
            self.expect((path, 3, 'docs'))
            self.remove(path)

    def fine(self, span, path='README.md'):
        with self.subTest(span):
            self.write(path, f'# Title\n\nSee `{span}` there.\n')
            self.expect()
            self.remove(path)

    def test_paths(self):
        for span in ('src/gone.c', 'tools/gone', 'gone/file.c', 'gone/', 'src/*.cc', 'gone.h',
                     './tools/gone', 'src/os/os.h', '<bumpalloc/gone.h>'):
            self.stale(span)
        for span in ('src/os/os.c', 'src/os/', 'tools/run', './tools/run', 'os.c', 'src/*/*.h',
                     'build/src/libbumpalloc.so', '/proc/self/maps', '~/x.c', 'malloc/free',
                     '<stdlib.h>', '<bumpalloc/bumpalloc.h>', 'https://example.org/a.html',
                     '0.5/1.5', 'libbumpalloc.so', 'README.md'):
            self.fine(span)

    def test_paths_below_src(self):
        self.stale('os/gone.c', 'src/README.md')
        self.fine('os/os.c', 'src/README.md')
        self.fine('src/os/os.c', 'src/README.md')
        self.stale('os/os.c')

    def test_names_in_code(self):
        for span in ('bump_gone', 'bump_gone()', 'bp_os_gone(x)', 'BUMPALLOC_GONE=1', 'bump_gone_*',
                     'bump_fa'):
            self.stale(span)
        for span in ('bump_fail', 'bump_fail()', 'bp_os_call', 'BUMPALLOC_RESERVE=1G', 'bump_*',
                     'BUMPALLOC_*', 'bump_fa*', 'bp_<layer>_<verb>', 'bp_*'):
            self.fine(span)

    def test_a_name_in_a_comment_is_not_code(self):
        self.write('src/os/b.c', '// SPDX-License-Identifier: MIT\n// bump_gone was here\n')
        self.stale('bump_gone')

    def test_flags(self):
        for span in ('tools/check.py --gone', '--gone', 'tools/run --gone ls', '--verb',
                     'python3 tools/check.py a --gone'):
            self.stale(span)
        for span in ('tools/check.py --fast', 'tools/check.py --help', '--fast',
                     'tools/run --verbose ls', 'git log --stat',
                     'tools/run git log --stat', 'meson test --setup soak'):
            self.fine(span)

    def test_fences(self):
        fence = '```sh\ncc prog.c -o x/prog.o\ntools/run --verbose git log --stat\n{}\n```\n'
        self.write('README.md', fence.format('LD_PRELOAD=build/src/libbumpalloc.so ls'))
        self.expect()
        for stale in ('tools/gone a', 'BUMPALLOC_GONE=1 ls', 'bump_gone(x);',
                      'tools/run --gone ls'):
            with self.subTest(stale):
                self.write('README.md', fence.format(stale))
                self.expect(('README.md', 4, 'docs'))

    def test_prose_is_free(self):
        self.write('README.md', 'No ticks: src/gone.c bump_gone BUMPALLOC_GONE --gone\n')
        self.expect()


if __name__ == '__main__':
    unittest.main()
