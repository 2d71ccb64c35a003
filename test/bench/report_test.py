#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench: its tables, ratios, comparison, charts and command line, on made-up measurements
whose figures are worked out by hand, and one short run.

usage: report_test.py LIBRARY BUILD
"""
import dataclasses
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools')
sys.path.insert(0, TOOLS)
from benchlib import chart, cli, luck, measure, report  # noqa: E402

LIBRARY = BUILD = None
SVG = '{http://www.w3.org/2000/svg}'
SUM = '0123456789abcdef'


def run(cpu_s=1.0, peak_kib=1000, faults=100, checksum=SUM, **more):
    return measure.Run(cpu_s=cpu_s, peak_kib=peak_kib, minor_faults=faults, checksum=checksum,
                       **more)


def failed(status):
    return run(0.001, 1, 1, '', status=status)


# Medians of processor time: a 2, 1, 0.5; b 1, 4, 2. One outlier, one slow round, and a failure that
# would win each row.
RESULTS = {
    'a': {'glibc': [run(1.9), run(2.0), run(9.0)],
          'mi': [run(1.0, 2000), run(1.0, 2000), run(1.1, 2000)],
          'ours': [run(0.5, 1500, 25), run(0.5, 1500, 25), run(0.4, 1500, 25)]},
    'b': {'glibc': [run(1.0), run(1.0), run(1.0)],
          'mi': [run(4.0, 500, 50), run(4.0, 500, 50), failed('signal 11')],
          'ours': [run(2.0, 1000, 400), run(2.0, 1000, 400), run(2.0, 1000, 400)]},
}
# Ours is now: a 0.5 of 1.0, b 2.0 of 0.5; the failure before does not count.
BEFORE = {'a': {'ours': [run(1.0, 3000, 50)] * 2 + [failed('exit 1')] * 3},
          'b': {'ours': [run(0.5, 1000, 400)]}}


def as_json(results):
    rows = {workload: {name: list(map(dataclasses.asdict, runs)) for name, runs in row.items()}
            for workload, row in results.items()}
    return {'machine': 'a machine', 'command': 'bench --only x', 'libraries': {'glibc': None},
            'results': rows}


def words(text):
    """The lines of a table as lists of words, by their first."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}


class Ratios(unittest.TestCase):
    def test_median_is_of_the_runs_that_did_not_fail(self):
        self.assertEqual(report.median(RESULTS['a']['glibc'], 'cpu'), 2.0)
        self.assertEqual(report.median(RESULTS['b']['mi'], 'rss'), 500)
        self.assertIsNone(report.median([failed('exit 1')], 'cpu'))

    def test_best_peer_is_never_ours(self):
        self.assertEqual(report.best_peer(RESULTS['a'], 'cpu'), ('mi', 1.0))
        self.assertEqual(report.best_peer(RESULTS['b'], 'cpu'), ('glibc', 1.0))
        self.assertEqual(report.best_peer({'ours': [run()]}, 'cpu'), (None, None))

    def test_ratios(self):
        self.assertEqual(report.ratios(RESULTS['a'], 'cpu'), {'glibc': 2, 'mi': 1, 'ours': 0.5})
        self.assertEqual(report.ratios(RESULTS['b'], 'faults'), {'glibc': 2, 'mi': 1, 'ours': 8})
        row = {'glibc': [run(2.0)], 'mi': [failed('exit 1')], 'ours': [run(3.0)]}
        self.assertEqual(report.ratios(row, 'cpu'), {'glibc': 1, 'mi': None, 'ours': 1.5})

    def test_switches_are_of_both_kinds_and_0_has_no_ratio(self):
        row = {'glibc': [run(voluntary_switches=3, involuntary_switches=4)],
               'ours': [run(voluntary_switches=14)]}
        self.assertEqual(report.ratios(row, 'switches'), {'glibc': 1, 'ours': 2})
        row['mi'] = [run()]
        self.assertEqual(report.best_peer(row, 'switches'), ('mi', 0))
        self.assertEqual(set(report.ratios(row, 'switches').values()), {None})

    def test_geometric_mean(self):
        self.assertAlmostEqual(report.geometric_mean([2, 8]), 4)
        self.assertAlmostEqual(report.geometric_mean([0.5, None, 2, 8]), 2)
        self.assertIsNone(report.geometric_mean([None]))

    def test_failures_and_disagreement(self):
        self.assertEqual(report.failures(RESULTS), ['b under mi: signal 11'])
        row = {'glibc': [run()], 'mi': [run()], 'ours': [run(checksum='bad')],
               'x': [failed('exit 3')]}
        wrong = report.failures({'w': row})
        self.assertEqual(wrong, [f'w: wrong output: {SUM} by glibc, mi; bad by ours',
                                 'w under x: exit 3'])
        self.assertTrue(report.concern_ours(wrong))
        self.assertTrue(report.concern_ours(['w under ours: exit 3']))
        self.assertFalse(report.concern_ours(['w under ours-before: exit 3', 'w under mi: exit 1']))


class Tables(unittest.TestCase):
    def test_processor_time(self):
        text = report.metric_table(RESULTS, 'cpu')
        lines = words(text)
        self.assertIn('processor time', text.splitlines()[0])
        self.assertEqual(lines['best'], ['glibc', 'mi', 'ours'])
        self.assertEqual(lines['a'], ['mi', '1', 's', '2.00', '1.00', '0.50'])
        self.assertEqual(lines['b'], ['glibc', '1', 's', '1.00', '4.00', '2.00'])
        self.assertEqual(lines['geomean'], ['1.41', '2.00', '1.00'])

    def test_peak(self):
        lines = words(report.metric_table(RESULTS, 'rss'))
        self.assertEqual(lines['a'], ['glibc', '1000', 'KiB', '1.00', '2.00', '1.50'])
        self.assertEqual(lines['b'], ['mi', '500', 'KiB', '2.00', '1.00', '2.00'])
        self.assertEqual(lines['geomean'], ['1.41', '1.41', '1.73'])

    def test_large_figures_have_no_exponent(self):
        shown = words(report.metric_table({'a': {'glibc': [run(peak_kib=1234567)]}}, 'rss'))['a']
        self.assertEqual(shown, ['glibc', '1234567', 'KiB', '1.00'])
        shown = words(report.metric_table({'a': {'glibc': [run(0.123456)]}}, 'cpu'))['a']
        self.assertEqual(shown, ['glibc', '0.1235', 's', '1.00'])

    def test_a_row_that_failed_has_no_figure_and_no_part_in_the_mean(self):
        row = {'glibc': [run(2.0)], 'mi': [run(4.0)], 'ours': [failed('signal 6')]}
        lines = words(report.metric_table({'a': RESULTS['a'], 'c': row}, 'cpu'))
        self.assertEqual(lines['c'], ['glibc', '2', 's', '1.00', '2.00', '-'])
        self.assertEqual(lines['geomean'], ['1.41', '1.41', '0.50'])

    def test_long_names_stay_apart(self):
        row = {'tcmalloc_minimal_of_today': [run(1.0)], 'another_long_name': [run(2.0)]}
        lines = words(report.metric_table({'a': row}, 'cpu'))
        self.assertEqual(lines['best'], list(row))
        self.assertEqual(lines['a'], ['tcmalloc_minimal_of_today', '1', 's', '1.00', '2.00'])

    def test_compare(self):
        lines = words(report.compare(RESULTS, BEFORE, ('cpu', 'rss', 'faults')))
        self.assertEqual(lines['a'], ['0.50', '0.50', '0.50'])
        self.assertEqual(lines['b'], ['4.00', '1.00', '1.00'])
        self.assertEqual(lines['geomean'], ['1.41', '0.71', '0.71'])

    def test_compare_with_what_was_not_there_before(self):
        lines = words(report.compare(RESULTS, {'b': BEFORE['b'], 'a': {}}, ('cpu',)))
        self.assertEqual((lines['a'], lines['b'], lines['geomean']), (['-'], ['4.00'], ['4.00']))

    def test_memory(self):
        samples = [(0.0, 9000, 10), (0.1, 9000, 10), (0.2, 3000, 1000), (0.3, 3072, 2036)]
        row = {'glibc': [run(2.5, 10240, 77, samples=samples)],
               'mi': [run(samples=samples, values={'rss_over_live': '123.4', 'settled_us': '1500',
                                                   'rest_kib': '2048'})],
               'ours': [failed('signal 9')]}
        lines = words(report.memory_table({'idle': row}))
        self.assertEqual(lines['glibc'], ['10', '3', '200', '2.50', '77', '-', '-'])
        self.assertEqual(lines['mi'], ['1', '3', '123', '1.00', '100', '1.5', '2.0'])
        self.assertEqual(lines['ours'], ['signal', '9'])


class Luck(unittest.TestCase):
    def test_the_least_of_several(self):
        self.assertAlmostEqual(luck.lead(1, 1), 0, delta=0.05)
        self.assertAlmostEqual(luck.lead(7, 1), 1.352, delta=0.05)  # of tables: the range of normals
        self.assertAlmostEqual(luck.lead(7, 3) / luck.lead(7, 1), 0.67, delta=0.05)

    def test_slow_rounds_and_slow_allocators_are_no_scatter(self):
        self.assertAlmostEqual(luck.scatter([[1, 2, 4], [3, 6, 12]]), 0)
        self.assertAlmostEqual(luck.scatter([[1, math.e], [math.e, 1]]), 1)

    def test_says_nothing_without_rounds(self):
        self.assertIsNone(luck.scatter([[1], [2]]))
        self.assertIsNone(luck.scatter([[1, 2]]))
        self.assertIsNone(luck.scatter([[1, 2], [1]]))
        self.assertIsNone(luck.of_equals([[[1], [2]]]))

    def test_is_what_equal_allocators_show(self):
        draw = random.Random(7).lognormvariate
        rows = [[[draw(row, 0.2) for _ in range(3)] for _ in range(8)] for row in range(200)]
        shown = [math.log(statistics.median(row[0]) / min(map(statistics.median, row[1:])))
                 for row in rows]
        self.assertAlmostEqual(math.log(luck.of_equals(rows)), statistics.fmean(shown), delta=0.03)

    def test_stands_below_the_table(self):
        row = {'glibc': [run(1.0), run(math.e)], 'ours': [run(math.e), run(1.0)]}
        line = report.metric_table({'a': row}, 'cpu').splitlines()[-1]
        self.assertRegex(line, r'^equals, by luck: 1\.0\d ')  # one peer has nobody to be luckier than
        once = report.metric_table({'a': {'glibc': [run()], 'ours': [run()]}}, 'cpu')
        self.assertNotIn('luck', once)


class Charts(unittest.TestCase):
    def bars(self, results):
        shares = {w: report.ratios(row, 'cpu') for w, row in results.items()}
        return xml.etree.ElementTree.fromstring(chart.bars(results, shares, 'processor time'))

    def test_bars_are_as_long_as_the_ratios(self):
        root = self.bars(RESULTS)
        fills = chart.colours(['glibc', 'mi', 'ours'])
        found = [(rect.get('fill'), float(rect.get('width'))) for rect in root.iter(f'{SVG}rect')
                 if rect.get('fill')]
        widths = (360, 180, 90, 180, 720, 360)
        wanted = [(fills[name], width) for name, width in zip(['glibc', 'mi', 'ours'] * 2, widths)]
        self.assertEqual(found, wanted)
        texts = [text.text for text in root.iter(f'{SVG}text')]
        for text in ('a', 'b', 'ours', '0.50', '4.00', 'processor time'):
            self.assertIn(text, texts)
        grid = [line.get('x1') for line in root.iter(f'{SVG}line') if line.get('class') == 'grid']
        self.assertEqual(grid, ['340'])  # 1.00, from where bars begin at 160

    def test_a_long_bar_is_cut_and_a_failure_has_none(self):
        root = self.bars({'w': {'glibc': [run(1.0)], 'mi': [run(8.0)], 'ours': [failed('exit 1')]}})
        widths = [float(rect.get('width')) for rect in root.iter(f'{SVG}rect') if rect.get('fill')]
        self.assertEqual(widths, [180, 720])
        self.assertIn('8.00', [text.text for text in root.iter(f'{SVG}text')])

    def test_names_are_escaped(self):
        root = self.bars({'<a & b>': {'x<y': [run()], 'ours': [run()]}})
        texts = [text.text for text in root.iter(f'{SVG}text')]
        self.assertIn('<a & b>', texts)
        self.assertIn('x<y', texts)

    def test_our_colour_is_ours_alone(self):
        table = chart.colours([*'abcdefghijkl', 'ours'])
        self.assertNotIn(table['ours'], [table[name] for name in 'abcdefghijkl'])

    def test_memory_lines(self):
        watched = run(samples=[(1.0, 5120, 2048), (2.0, 10240, 4096)])
        row = {'glibc': [watched], 'ours': [run(samples=[(1.0, 2048, 1024)])],
               'x': [failed('exit 1')]}
        root = xml.etree.ElementTree.fromstring(chart.memory({'idle & more': row}))
        lines = {line.find(f'{SVG}title').text: line.get('points')
                 for line in root.iter(f'{SVG}polyline')}
        # 420 wide for 2 s; 210 of 220 high for 10 MiB, y from above.
        self.assertEqual(lines, {'glibc': '210.0,115.0 420.0,10.0', 'ours': '210.0,178.0'})
        self.assertEqual(next(root.iter(f'{SVG}polygon')).get('points'),
                         '0.0,220.0 210.0,199.0 210.0,220.0')
        self.assertIn('idle & more', [text.text for text in root.iter(f'{SVG}text')])


class CommandLine(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        self.now = self.write('now', as_json(RESULTS))
        self.before = self.write('before', as_json(BEFORE))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, record):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            json.dump(record, file)
        return file.name

    def bench(self, *options, status=0):
        done = subprocess.run([sys.executable, os.path.join(TOOLS, 'bench'), *options],
                              capture_output=True, text=True, check=False, timeout=100)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr.partition(' error: ')[2] if status == 2 else done.stdout

    def test_read_shows_three_metrics_and_the_failure(self):
        text = self.bench('--read', self.now)
        self.assertTrue(text.startswith('a machine\nbench --only x\n  glibc: the C library\n'), text)
        for metric in ('cpu', 'rss', 'faults'):
            self.assertIn(report.metric_table(RESULTS, metric), text)
        self.assertNotIn('wall', text)
        self.assertTrue(text.endswith('\nb under mi: signal 11\n'), text)

    def test_metrics(self):
        results = {'a': {'glibc': [run(wall_s=2.0, voluntary_switches=5)],
                         'ours': [run(wall_s=3.0, voluntary_switches=1)]}}
        file = self.write('wall', as_json(results))
        text = self.bench('--read', file, '--metrics', 'wall,switches')
        wall, switches = text.split('\n\n')[1:3]
        self.assertEqual(words(wall)['a'], ['glibc', '2', 's', '1.00', '1.50'])
        self.assertEqual(words(switches)['a'], ['glibc', '5', '1.00', '0.20'])
        self.assertNotIn('processor', text)

    def test_nobody_always_comes_first_or_behind_the_same(self):
        names = list('abcdefgh')
        orders = [cli.order(names, row, turn) for row in ('x', 'y', 'z') for turn in range(30)]
        self.assertEqual(orders[30:33], [cli.order(names, 'y', turn) for turn in range(3)])
        self.assertTrue(all(sorted(each) == names for each in orders))
        self.assertEqual({each[0] for each in orders}, set(names))
        pairs = {(each[i], each[i + 1]) for each in orders for i in range(7)}
        self.assertEqual(len(pairs), 8 * 7)

    def test_only(self):
        text = self.bench('--read', self.now, '--only', 'a', '--metrics', 'cpu')
        self.assertEqual(words(text)['geomean'], ['2.00', '1.00', '0.50'])
        self.assertTrue(text.endswith('\nno failures\n'), text)

    def test_compare_and_svg(self):
        text = self.bench('--read', self.now, '--compare', self.before, '--svg', self.path('svg'),
                          '--metrics', 'rss')
        self.assertIn(report.compare(RESULTS, BEFORE, ['rss']), text)
        root = xml.etree.ElementTree.parse(self.path('svg')).getroot()
        widths = [float(rect.get('width')) for rect in root.iter(f'{SVG}rect') if rect.get('fill')]
        self.assertEqual(widths, [180, 360, 270, 360, 180, 360])

    def test_status_is_1_if_ours_failed(self):
        row = {'glibc': [run()], 'ours': [run(), failed('signal 11: why')]}
        text = self.bench('--read', self.write('bad', as_json({'w': row})), status=1)
        self.assertTrue(text.endswith('\nw under ours: signal 11: why\n'), text)
        row = {'glibc': [run()], 'ours': [run(checksum='other')]}
        text = self.bench('--read', self.write('bad', as_json({'w': row})), status=1)
        self.assertIn('wrong output', text)

    def test_wrong_command_lines(self):
        noise = self.write('noise', {'results': {'a': {'ours': [{'speed': 1}]}}})
        for options, said in (
                (('--metrics', 'cpu,speed'), 'speed'), (('--rounds', '0'), '--rounds wants'),
                (('--lib', 'nosuch'), 'nosuch'), (('--lib', 'glibc', '--only', 'nosuch'), 'nosuch'),
                (('--lib', f'a={LIBRARY},a={LIBRARY}'), 'two allocators'),
                (('--read', self.path('nosuch')), 'nosuch'), (('--read', noise), '--json'),
                (('--read', __file__), '--json'), (('--read', self.now, '--only', 'c'), 'workload'),
                (('--compare', noise), '--json'), (('--build', '/nosuch'), '/nosuch'),
                (('--json', '/nosuch/file'), '/nosuch'), (('--svg', self.folder), self.folder),
                (('--fast',), '--fast')):
            with self.subTest(options=options):
                self.assertIn(said, self.bench(*options, status=2))

    def test_a_run_reads_back_as_it_was_shown(self):
        shown = self.bench('--quick', '--only', 'random_set', '--lib', f'glibc,ours={LIBRARY}',
                           '--build', BUILD, '--json', self.path('run'), '--metrics', 'cpu,wall')
        self.assertIn(f'ours: {os.path.realpath(LIBRARY)}', shown)
        self.assertTrue(shown.endswith('\nno failures\n'), shown)
        self.assertEqual(words(shown)['random_set'][0], 'glibc')
        self.assertEqual(self.bench('--read', self.path('run'), '--metrics', 'cpu,wall'), shown)


if __name__ == '__main__':
    LIBRARY, BUILD = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main()
