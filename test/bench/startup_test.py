#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""startup.py: its arithmetic, and a run of it beside a library whose start-up has a known price.

usage: startup_test.py LIBRARY HEAVY_LIBRARY
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import startup  # noqa: E402

LIBRARY = HEAVY = None
HEAVY_PAGES = (4 << 20) // os.sysconf('SC_PAGE_SIZE')


def run(*words):
    return subprocess.run([sys.executable, startup.__file__, *words],
                          capture_output=True, text=True, check=False)


class Arithmetic(unittest.TestCase):
    def test_batches_are_ten_runs_and_the_last_has_the_rest(self):
        self.assertEqual(startup.batch_sums([1] * 3), [3])
        self.assertEqual(startup.batch_sums([1] * 19), [19])
        self.assertEqual(startup.batch_sums([1] * 10 + [2] * 10 + [3] * 4), [10, 32])

    def test_ratio_is_the_median_of_batches(self):
        base = [1.0] * 50
        mine = [1.0] * 10 + [1.1] * 10 + [1.2] * 10 + [1.3] * 10 + [50.0] * 10
        middle, spread = startup.ratio(mine, base)
        self.assertAlmostEqual(middle, 1.2)
        self.assertAlmostEqual(spread, ((1.3 + 50) / 2 - (1.0 + 1.1) / 2) / 2)
        self.assertEqual(startup.ratio([3.0], [2.0]), (1.5, 0))

    def test_a_slow_minute_hits_both(self):
        slow = [1.0] * 10 + [9.0] * 10 + [1.0] * 10
        self.assertAlmostEqual(startup.ratio([x * 1.25 for x in slow], slow)[0], 1.25)

    def test_nobody_always_comes_first(self):
        firsts = [order[0] for order in startup.turns(['a', 'b', 'c'], 6)]
        self.assertEqual(firsts, ['a', 'b', 'c'] * 2)

    def test_table(self):
        base = {'cpu_s': [0.002] * 20, 'wall_s': [0.004] * 20, 'faults': [50] * 20,
                'peak_kib': [1000] * 5}
        other = {'cpu_s': [0.003] * 20, 'wall_s': [0.005] * 20, 'faults': [57] * 20,
                 'peak_kib': [964] * 5}
        row = startup.summary({'glibc': base, 'x': other})
        lines = [text.split() for text in startup.table({'true': row}).splitlines()]
        self.assertEqual(lines[1], ['true', 'glibc', '2.00', 'ms', '4.00', 'ms', '1000', '50'])
        self.assertEqual(lines[2], ['x', '1.500', '+-0.000', '1.250', '+-0.000', '-36', '+7'])


class Script(unittest.TestCase):
    def test_what_a_library_costs_is_found(self):
        with tempfile.NamedTemporaryFile() as file:
            done = run('--runs', '5', '--ours', LIBRARY, '--lib', f'heavy={HEAVY}',
                       '--json', file.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.load(file)['results']
        self.assertEqual(set(results['true']) - {'empty'}, {'glibc', 'ours', 'heavy'})
        for program, row in results.items():
            with self.subTest(program=program):
                self.assertIn(program, done.stdout)
                self.assertAlmostEqual(row['heavy']['faults_more'], HEAVY_PAGES, delta=60)
                self.assertAlmostEqual(row['heavy']['peak_more_kib'], 4 << 10, delta=600)
                self.assertGreater(row['heavy']['cpu_s'], row['glibc']['cpu_s'] + 0.05)
                self.assertGreater(row['heavy']['cpu_ratio'], 1.1)
        # Less than this interpreter has: what forked it is no part of it.
        self.assertLess(results['true']['glibc']['peak_kib'], 4 << 10)

    def test_no_program_is_a_script(self):
        for command in startup.programs().values():
            with open(command[0], 'rb') as file:
                self.assertEqual(file.read(4), b'\x7fELF', command)

    def test_a_library_that_ends_the_program_is_named(self):
        with self.assertRaisesRegex(SystemExit, 'under x: exit status 1'):
            startup.run_once(['/bin/sh', '-c', 'exit 1'], 'x', None)
        with self.assertRaisesRegex(SystemExit, 'under x: signal 11'):
            startup.peak_kib(['/bin/sh', '-c', 'kill -11 $$'], 'x', None)

    def test_wrong_options(self):
        for words, said in (
                (['--runs', '0'], '--runs'), (['--lib', 'x=/nosuch.so'], '/nosuch.so'),
                (['--lib', LIBRARY], 'NAME=PATH'), (['--lib', f'x={__file__}'], 'preload'),
                (['--ours', LIBRARY, '--lib', f'ours={LIBRARY}'], 'twice')):
            with self.subTest(words=words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertIn(said, done.stderr.partition(' error: ')[2])

    def test_help(self):
        done = run('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('--lib NAME=PATH', done.stdout)


if __name__ == '__main__':
    LIBRARY, HEAVY = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main()
