#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pairs.py, briefly: which rows it runs, that it names who answers malloc, and its ratios.

usage: pairs_test.py PAIR_BENCH LIBRARY OTHER_LIBRARY (without a malloc)
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pairs  # noqa: E402

BENCH = LIBRARY = OTHER = None
FIVE = ['same', 'batch', 'random', 'mixed64k', 'mixed1m']


def run(*words, status=0):
    command = [sys.executable, pairs.__file__, '--bench', BENCH, '--ours', LIBRARY, '--no-peers',
               '--rounds', '1', '--ms', '1', *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != status:
        raise AssertionError(f'{words}: status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stderr if status else done.stdout


def printed(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        function(*arguments)
    return out.getvalue()


class Pairs(unittest.TestCase):
    def rows(self, *words):
        with tempfile.NamedTemporaryFile() as file:
            run(*words, '--json', file.name)
            medians = json.load(file)
        self.assertEqual(list(medians), ['glibc', 'bumpalloc'])
        for row in medians.values():
            self.assertTrue(all(ns > 0 for ns in row.values()), row)
        return list(medians['bumpalloc'])

    def test_five_rows_unasked_and_large_when_asked(self):
        self.assertEqual(self.rows(), FIVE)
        self.assertEqual(self.rows('--rows', 'all'), [*FIVE, 'large'])
        self.assertEqual(self.rows('--rows', 'large,same'), ['same', 'large'])

    def test_the_program_alone_has_the_same_five(self):
        done = subprocess.run([BENCH, '--json', '--ms', '1'], capture_output=True, check=True)
        self.assertEqual(list(json.loads(done.stdout)['ns']), FIVE)

    def test_wrong_options(self):
        self.assertIn('no such row: fast', run('--rows', 'same,fast', status=2))
        self.assertIn('/nosuch', run('--lib', 'x=/nosuch', status=1))

    def test_a_library_without_malloc_is_found_out(self):
        self.assertIn('malloc came from', run('--lib', f'none={OTHER}', status=1))

    def test_ratios(self):
        medians = {'glibc': {'same': 6.0, 'large': 30.0}, 'bumpalloc': {'same': 4.0, 'large': 7.0}}
        lines = printed(pairs.print_table, medians).splitlines()
        self.assertEqual(lines[1].split(), ['same', 'object', '6.00', '(1.50x)', '*4.00', '(1.00x)'])
        self.assertEqual(lines[2].split()[-4:], ['30.00', '(4.29x)', '*7.00', '(1.00x)'])
        verdict = printed(pairs.print_verdict, medians).splitlines()
        self.assertEqual(verdict, ['bumpalloc is ahead of all others in 2 of 2 rows',
                                   'large over small: glibc 5.00, bumpalloc 1.75'])
        medians['bumpalloc']['same'] = 6.0
        self.assertIn('in 1 of 2 rows', printed(pairs.print_verdict, medians))


if __name__ == '__main__':
    BENCH, LIBRARY, OTHER = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
    unittest.main()
