# SPDX-License-Identifier: MIT
"""tools/compat itself: what differs is found, what is the same passes, what is not there is not passed."""
import argparse
import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))

from compatlib import cli, compare, entries, measure, page, report, runner  # noqa: E402

SABOTEUR, WITNESS = os.path.realpath(sys.argv.pop(1)), os.path.realpath(sys.argv.pop(1))


def entry(**words):
    made = entries.Entry(**{'name': 'x', 'tier': 1, 'about': 'a test', 'file': '-',
                            'command': 'echo said; cat /dev/null', **words})
    entries.check(made)
    return made


def run(deed='nothing', mode='plain', library=SABOTEUR, **words):
    os.environ['BUMPALLOC_SABOTAGE'] = deed
    setting = cli.Setting(library, WITNESS, '.', False, 1, False)
    return runner.run_entry(entry(**words), mode, setting, print)


class Verdicts(unittest.TestCase):
    def test_same(self):
        result = run()
        self.assertEqual((result['verdict'], result['rounds'], result['lines']), ('same', 1, 1))
        self.assertGreaterEqual(result['processes'], 2)

    def test_each_difference_is_found(self):
        for deed, word in (('stdout', 'stdout differs'), ('stderr', 'stderr differs'),
                           ('status', 'exit status 0 without, 42 with'),
                           ('crash', 'exit status 0 without, -6 with')):
            with self.subTest(deed):
                result = run(deed, command='echo said')
                self.assertEqual(result['verdict'], 'differs')
                self.assertIn(word, result['reason'])
                self.assertIn('3 of 3 runs', result['reason'])

    def test_library_that_is_no_malloc_differs(self):
        result = run(library=WITNESS)
        self.assertEqual(result['verdict'], 'differs')
        self.assertIn('malloc came from', result['reason'])

    def test_unseen_program_differs(self):
        self.assertIn('never seen', run(seen=['no-such-program'])['reason'])

    def test_unsteady_program_is_not_the_same(self):
        self.assertEqual(run(command='date +%N')['verdict'], 'unsteady')

    def test_unsteady_program_that_crashes_with_the_library_differs(self):
        self.assertEqual(run('crash', command='date +%N')['verdict'], 'differs')

    def test_not_run(self):
        for words, reason in (({'needs': ['no-such-program']}, 'is not there'),
                              ({'packages': ['no-such-package']}, 'not installed'),
                              ({'command': 'exit 3'}, 'without the library it fails'),
                              ({'command': 'true'}, 'nothing that could be compared'),
                              ({'command': 'sleep 9', 'timeout': 1}, 'did not end within 1 s'),
                              ({'prepare': 'echo no; false'}, 'prepare failed: no')):
            with self.subTest(reason):
                result = run(**words)
                self.assertEqual(result['verdict'], 'not run')
                self.assertIn(reason, result['reason'])

    def test_expected_status(self):
        self.assertEqual(run(command='echo a; exit 3', status=3)['verdict'], 'same')

    def test_what_is_said_must_happen(self):
        said = {'instead': {'status': 0, 'matches': '^with'}, 'happens': 'it says with'}
        told = run(command='echo ${COMPAT_LIB:+with}', **said)
        self.assertEqual((told['verdict'], told['reason']), ('as said', 'it says with'))
        self.assertEqual(run(command='echo other', **said)['verdict'], 'differs')


class Parts(unittest.TestCase):
    """Suites are judged part by part; COMPAT_LIB is what a command can see of the library."""

    def suite(self, command, **words):
        return run(part=r'^(\w+):', command='[ -n "$PARTS" ] || echo a: 1; ' + command, **words)

    def test_same(self):
        result = self.suite('echo b: 2; echo no part $COMPAT_LIB')
        self.assertEqual((result['verdict'], result['reason'], result['rounds']), ('same', '', 1))

    def test_what_comes_again_differs_and_only_that_is_run_again(self):
        result = self.suite('case "$PARTS" in "" | b) echo b: ${COMPAT_LIB:+with} ;; esac')
        self.assertEqual((result['verdict'], result['rounds']), ('differs', 3))
        self.assertRegex(result['reason'], '(?m)^differ: b$')
        self.assertIn('+b: with', result['reason'])

    def test_part_that_is_missing_differs(self):
        self.assertEqual(self.suite('[ -n "$COMPAT_LIB" ] || echo b: 2')['reason'].splitlines()[0], 'differ: b')

    def test_what_does_not_come_again_is_said(self):
        result = self.suite('echo b: 2 ${COMPAT_LIB:+$([ -n "$PARTS" ] || echo slow)}')
        self.assertEqual(result['verdict'], 'same')
        self.assertRegex(result['reason'], '^differ once, not again in 2 runs: b$')

    def test_crash_that_does_not_come_again_differs(self):
        result = self.suite('echo b: 2 ${COMPAT_LIB:+$([ -n "$PARTS" ] || echo "crashed (Exit code -11)")}')
        self.assertEqual(result['verdict'], 'differs')
        self.assertIn('Exit code -11', result['reason'])

    def test_what_differs_in_many_parts_differs_without_another_run(self):
        result = self.suite('seq -f "p%.0f: ${COMPAT_LIB:+with}" 99')
        self.assertEqual((result['verdict'], result['rounds']), ('differs', 1))

    def test_unsteady_part_is_said(self):
        result = self.suite('echo b: $(date +%N)')
        self.assertEqual(result['verdict'], 'same')
        self.assertIn('without the library too: b', result['reason'])

    def test_suite_that_does_not_end_differs(self):
        result = self.suite('[ -z "$COMPAT_LIB" ] || sleep 30', timeout=2)
        self.assertEqual(result['verdict'], 'differs')
        self.assertIn('no end within 2 s', result['reason'])


class Modes(unittest.TestCase):
    def out(self, mode, command):
        with tempfile.TemporaryDirectory() as folder:
            env = {'PATH': os.environ['PATH']}
            ended = measure.measure(['sh', '-c', command], folder, env, 20, folder + '/r',
                                    cli.MODES[mode].prepare)
            with open(ended.out) as file:
                return file.read().strip()

    def test_each_mode_does_what_it_says(self):
        self.assertEqual(self.out('ulimit-4G', 'ulimit -v'), str(4 << 20))
        self.assertIn('0040000', self.out('no-aslr', 'cat /proc/self/personality'))
        thread = 'python3 -c "import threading; threading.Thread(target=print, args=[7]).start()"'
        self.assertEqual(self.out('plain', thread), '7')
        self.assertEqual(self.out('no-new-threads', thread + '; echo $?; sh -c "echo forked | cat"'),
                         '1\nforked')

    def test_options_reach_the_program_with_the_library_alone(self):
        result = run(mode='reserve-256M', command='echo $BUMPALLOC_RESERVE:')
        self.assertIn('+256M:', result['reason'])


class Measure(unittest.TestCase):
    def measured(self, command, timeout=20):
        with tempfile.TemporaryDirectory() as folder:
            return measure.measure(['sh', '-c', command], folder, dict(os.environ), timeout, folder + '/r')

    def test_memory_is_the_programs_own(self):
        self.assertLess(self.measured('true').peak_kib, 6 << 10)
        big = self.measured('head -c 40000000 /dev/zero | tail -n 1 > /dev/null')
        self.assertGreater(big.peak_kib, 35 << 10)

    def test_what_is_left_is_ended(self):
        ended = self.measured('sleep 300 & (setsid sleep 301 &) ; exit 5')
        self.assertEqual((ended.status, ended.left_behind), (5, 2))
        self.assertEqual(measure.descendants(os.getpid()), [])

    def test_time_out(self):
        ended = self.measured('sleep 60', timeout=0.5)
        self.assertTrue(ended.timed_out)
        self.assertLess(ended.wall_s, 20)

    def test_signals_ignored_here_are_not_ignored_there(self):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.assertEqual(self.measured('kill -INT $$; exit 5').status, -signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)

    def test_crash_of_a_process_left_alone_is_seen(self):
        ended = self.measured('(sh -c "sleep 0.3; kill -SEGV \\$\\$" &) ; sleep 1')
        self.assertEqual(ended.crashes, [signal.SIGSEGV])


class Compare(unittest.TestCase):
    def lines(self, text, **words):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(text)
            file.flush()
            return compare.normalised(file.name, entry(**words))

    def test_known_normalisers(self):
        self.assertEqual(self.lines('took 1.25 s at 12:01:02, pid 77, 0xdeadbeef\n',
                                    normalise=['times', 'pids', 'addresses']),
                         ['took <time> at <time>, pid <pid>, <address>'])

    def test_keep_drop_replace_sort(self):
        self.assertEqual(self.lines('b 1\na 2\nc 3\nx 4\n', keep=['[abc]'], drop=['c'], sort=True,
                                    replace=[[r'\d', 'n']]), ['a n', 'b n'])


class Table(unittest.TestCase):
    def test_entries_of_the_tree_are_well_formed(self):
        table = entries.read_all()
        self.assertEqual({made.tier for made in table}, {1, 2, 3})
        for made in table:
            if made.tier == 3:
                self.assertTrue(made.happens, made.name)

    def test_wrong_entries_are_refused(self):
        for text in ('[a]\ntier = 1\nabout = "a"\n', '[a]\ntier = 9\nabout = "a"\ncommand = "b"\n',
                     '[a]\ntier = 1\nabout = "a"\ncommand = "b"\nnonsense = 1\n',
                     '[a]\ntier = 1\nabout = "a"\ncommand = "b"\nkeep = ["("]\n'):
            with tempfile.TemporaryDirectory() as folder:
                with open(folder + '/a.toml', 'w') as file:
                    file.write(text)
                with self.assertRaises(entries.Wrong):
                    entries.read_all(folder)


class Jobs(unittest.TestCase):
    def test_complete_is_tier_1_in_all_modes(self):
        args = argparse.Namespace(complete=True, mode=None)
        jobs = cli.find_jobs(args, [entry(name='a'), entry(name='b', tier=2)])
        self.assertEqual({(made.name, mode) for made, mode in jobs},
                         {('a', mode) for mode in cli.MODES} | {('b', 'plain')})


class Reports(unittest.TestCase):
    def test_all_forms_and_the_exit_status(self):
        results = [run(command='echo "<b>"'), run('stdout', command='echo a'),
                   run(needs=['no-such-program'])]
        made = report.Report(results, SABOTEUR)
        self.assertIn('1 same, 1 differs, 1 not run', made.text())
        self.assertEqual(json.loads(made.json())['results'][1]['verdict'], 'differs')
        shown = page.html(made)
        self.assertEqual(shown.count('<tr>'), 4)
        self.assertNotIn('<b>"', shown)
        self.assertIn('prefers-color-scheme: dark', shown)
        self.assertEqual([cli.status(results), cli.status(results[:1]), cli.status(results[2:])],
                         [1, 0, 77])

    def test_earlier_rows_are_kept(self):
        table = [entry(name='a'), entry(name='b'), entry(name='c')]
        old = [{'name': n, 'mode': 'plain', 'verdict': 'old'} for n in ('b', 'a', 'gone')]
        with tempfile.NamedTemporaryFile('w') as file:
            json.dump({'results': old}, file)
            file.flush()
            now = cli.merge([file.name], [{'name': 'b', 'mode': 'plain', 'verdict': 'new'}], table)
        self.assertEqual([(r['name'], r['verdict']) for r in now], [('a', 'old'), ('b', 'new'), ('c', 'not run')])


if __name__ == '__main__':
    with contextlib.redirect_stderr(io.StringIO()) as said:
        ended = unittest.main(exit=False).result
    print(said.getvalue())
    sys.exit(not ended.wasSuccessful())
