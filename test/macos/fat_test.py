#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does one file hold the libraries for both processors? Usage: fat_test.py LIPO FAT X86_64 ARM64"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

LIPO, FAT, *THIN = sys.argv[1:]


def lipo(*words):
    return subprocess.run([LIPO, FAT, *words], check=True, text=True, stdout=subprocess.PIPE).stdout


class Fat(unittest.TestCase):
    def test_processors(self):
        self.assertEqual(set(lipo('-archs').split()), {'x86_64', 'arm64'})

    def test_each_is_what_was_linked(self):
        for arch, thin in zip(('x86_64', 'arm64'), THIN):
            with self.subTest(arch), tempfile.TemporaryDirectory() as folder:
                out = pathlib.Path(folder) / 'thin'
                lipo('-thin', arch, '-output', str(out))
                self.assertEqual(out.read_bytes(), pathlib.Path(thin).read_bytes())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
