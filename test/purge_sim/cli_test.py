# SPDX-License-Identifier: MIT
"""The program purge_sim, the recorder and its thinning, from the outside."""
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
SIM, SHIM, CHURN, ROOT = (os.path.realpath(path) for path in sys.argv[1:5])
TRACES = sorted(map(str, (HERE / 'traces').glob('*.trace')))
MIB = 1 << 20

sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location('record', HERE / 'record.py')
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **more)
    return done.returncode, done.stdout, done.stderr


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='purge-sim-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def trace(self, text):
        path = self.folder / 'made.trace'
        path.write_text(text)
        return path


class OutputTest(Folder):
    def test_json_has_every_result(self):
        status, out, err = run(SIM, '--json', '--policy', 'floor=1M,name=small', *TRACES)
        self.assertEqual((status, err), (0, ''))
        data = json.loads(out)
        names = [entry['policy'] for entry in data['summary']]
        self.assertEqual(names[0], 'ours')
        self.assertLessEqual({'never', 'now', 'no regret', 'decay 10 s', 'decay 1 s', 'small',
                              'floor halved', 'wear-share doubled'}, set(names))
        self.assertEqual([trace['trace'] for trace in data['traces']],
                         [pathlib.Path(path).stem for path in TRACES])
        for trace in data['traces']:
            self.assertEqual([result['policy'] for result in trace['results']], names)
            self.assertGreater(trace['span_ms'], 1000)
        self.assertEqual({value for key, value in data['summary'][0].items()
                          if key not in ('policy', 'cost_percent')}, {1})

    def test_tables_say_the_same(self):
        path = self.trace('0 0\n1 33554432\n2 0\n3 33554432\n4 0\n5 0\n')
        status, out, err = run(SIM, '--policy', 'floor=4M,share=0,soon=0,name=mine', path)
        self.assertEqual((status, err), (0, ''))
        self.assertIn('made: 0.0 s, 6 points', out)
        line = next(line.split() for line in out.split('\n') if line.startswith('mine'))
        self.assertEqual((line[1], line[4], line[5], line[6], line[7]),
                         ('32.0', '4.0', '28.0', '0.0', '56.0'))
        summary = run(SIM, '--summary', path)[1]
        self.assertTrue(summary.startswith('geometric means over 1 traces'), summary)

    def test_chart_is_svg(self):
        chart = self.folder / 'chart.svg'
        status, _, err = run(SIM, '--svg', chart, '--policy', 'soon=5,name=a<b&c', *TRACES)
        self.assertEqual((status, err), (0, ''))
        root = xml.parse(chart).getroot()
        self.assertTrue(root.tag.endswith('}svg'))
        texts = [item.text for item in root.iter() if item.tag.endswith('}text')]
        for name in ['ours', 'never', 'decay 1 s', 'a<b&c', *(pathlib.Path(p).stem for p in TRACES)]:
            self.assertIn(name, texts)
        lines = [item for item in root.iter() if 'line' in item.get('class', '').split()]
        self.assertEqual(len(lines), len(TRACES) * 6)
        self.assertIn('prefers-color-scheme:dark', chart.read_text())

    def test_constants_are_the_library_s(self):
        """A policy that repeats the defaults is the library's."""
        defaults = {'purge_floor_bytes': 'floor', 'purge_share_percent': 'share',
                    'purge_regret_ms': 'soon'}
        text = (pathlib.Path(ROOT) / 'src/core/options.c').read_text()
        pairs = []
        for field, key in defaults.items():
            words = text.split(f'.{field} = ')[1].split(',')[0].split(' * ')
            pairs.append(f'{key}={words[0]}{"M" if len(words) > 1 else ""}')
        data = json.loads(run(SIM, '--json', '--policy', ','.join(pairs), *TRACES)[1])
        for trace in data['traces']:
            first, last = trace['results'][0], trace['results'][-1]
            self.assertEqual({**first, 'policy': ''}, {**last, 'policy': ''})


class UseTest(Folder):
    def test_help(self):
        status, out, err = run(SIM, '--help')
        self.assertEqual((status, err), (0, ''))
        tool = (pathlib.Path(ROOT) / 'tools/purge-sim').read_text()
        for flag in ('--policy', '--summary', '--json', '--svg', '--help'):
            self.assertIn(flag, out)
            self.assertIn(flag, tool)

    def test_wrong_use(self):
        for words in ([], ['--nothing', TRACES[0]], ['--svg'], ['--policy'],
                      *(['--policy', text, TRACES[0]] for text in (
                          'floor', 'floor=', 'floor=x', 'floor=1X', 'floor=1MM', 'flor=1M', '',
                          'soon=-1', 'wear=0', 'wear-share=0', 'share=1,', 'name=',
                          'floor=99999999999999999999', 'soon=5000000000'))):
            status, out, err = run(SIM, *words)
            self.assertEqual((status, out), (2, ''), words)
            self.assertEqual(err.count('\n'), 1, words)

    def test_wrong_traces(self):
        for text, line in (('', 0), ('0 5\n', 1), ('0 5\n# 1 5\n', 2), ('0 5\n1\n', 2),
                           ('0 5\n1 x\n', 2), ('0 5\n\n1 5 5\n', 3), ('5 5\n4 5\n', 2),
                           ('0 5\n1 -5\n', 2), ('0 5\n9999999999 5\n', 2),
                           ('0 5\n1 99999999999999999999\n', 2), ('0 5\n' + ' ' * 600 + '\n', 2)):
            path = self.trace(text)
            status, out, err = run(SIM, TRACES[0], path)
            self.assertEqual((status, out), (1, ''), text)
            self.assertTrue(err.startswith(f'{path}:{line}: '), (text, err))
        self.assertEqual(run(SIM, self.folder / 'none.trace')[0], 1)
        self.assertEqual(run(SIM, '--svg', self.folder / 'no/chart', TRACES[0])[0], 1)

    def test_comments_and_blanks(self):
        path = self.trace('# a comment\n\n 0 5 # half a line\n\t7   9\r\n7 8')
        status, out, err = run(SIM, path)
        self.assertEqual((status, err), (0, ''))
        self.assertIn('made: 0.0 s, 3 points', out)


class RecordTest(Folder):
    def record(self, *words):
        status, _, err = run(sys.executable, HERE / 'record.py', '--shim', SHIM, '--folder',
                             self.folder, '--name', 'made', '--', *words)
        self.assertEqual(status, 0, err)
        return [tuple(map(int, line.split())) for line
                in (self.folder / 'made.trace').read_text().split('\n')
                if line and not line.startswith('#')]

    def levels(self, points):
        """Where it rested for 200 ms or more, in MiB."""
        return [round(used / MIB) for (ms, used), (then, _) in zip(points, points[1:])
                if then - ms >= 200]

    def test_sees_what_the_program_did(self):
        points = self.record(CHURN, 'levels')
        self.assertEqual(self.levels(points), [64, 16, 80, 0])
        self.assertEqual(points[-1][1], points[-2][1])

    def test_sees_short_peaks_and_all_functions(self):
        points = self.record(CHURN, 'peak')
        self.assertEqual(self.levels(points), [1, 1])
        self.assertEqual(round(max(used for _, used in points) / MIB), 129)
        self.assertEqual(self.levels(self.record(CHURN, 'functions')), [7, 0])

    def test_counts_threads(self):
        points = self.record(CHURN, 'threads')
        self.assertEqual(self.levels(points)[-2:], [32, 0])

    def test_child_is_not_recorded(self):
        points = self.record(CHURN, 'fork')
        self.assertLess(max(used for _, used in points), 20 * MIB)

    def test_exit_status_and_wrong_use(self):
        recorder = [sys.executable, HERE / 'record.py']
        self.assertEqual(run(*recorder, '--shim', SHIM, 'no-such-recipe')[0], 2)
        self.assertEqual(run(*recorder, 'web')[0], 2)
        self.assertEqual(run(*recorder, '--shim', SHIM)[0], 2)
        self.assertNotEqual(run(*recorder, '--shim', SHIM, '--folder', self.folder, '--name', 'x',
                                '--', 'false')[0], 0)

    def test_every_recipe_is_recorded(self):
        names = [line.split()[0] for line in
                 run(sys.executable, HERE / 'record.py', '--list')[1].splitlines()]
        self.assertEqual(names, [pathlib.Path(path).stem for path in TRACES])
        for path in TRACES:
            text = pathlib.Path(path).read_text()
            self.assertLess(len(text), 100 * 1024, path)
            for word in ('# SPDX-License-Identifier: MIT\n', '# Recorded: ', '# Again: '):
                self.assertIn(word, text[:400], path)


class ThinTest(unittest.TestCase):
    def test_nothing_is_further_off_than_a_step(self):
        source = random.Random(1)
        points, ms, used = [], 0, 1 << 24
        for _ in range(5000):
            ms += source.randrange(20)
            used = max(0, used + source.randrange(-400_000, 400_000))
            points.append((ms, used))
        kept = record.thin(points, 1_000_000)
        self.assertLess(len(kept), len(points) / 3)
        self.assertEqual(kept[0], points[0])
        is_kept, last = set(kept), points[0]
        for point in points[:-1]:
            last = point if point in is_kept else last
            self.assertLess(abs(point[1] - last[1]), 1_000_000)
        self.assertEqual(kept[-1], (points[-1][0], kept[-2][1]))

    def test_calls_without_a_change_are_kept_now_and_then(self):
        kept = record.thin([(ms, 5) for ms in range(0, 10_000, 10)], 100)
        self.assertEqual([ms for ms, _ in kept[:4]], [0, 250, 500, 750])

    def test_text_fits(self):
        points = [(ms, ms % 7 * 10 * MIB) for ms in range(20_000)]
        text, step_bytes = record.shape(points, 10_000)
        self.assertLessEqual(len(text), 10_000)
        self.assertGreater(step_bytes, 10 * MIB)
        self.assertEqual(record.shape(points[:50])[1], record.UNIT_BYTES)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
