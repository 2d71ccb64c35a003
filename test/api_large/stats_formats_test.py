#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The formats of bump_stats_write say the same, and each is what its name promises.

usage: stats_formats_test.py PROGRAM   (PROGRAM writes them: json, prom, xml or text)
"""
import json
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree

PROGRAM = ''
KINDS = ('classes', 'regions', 'files')
MIB = 1 << 20
SAMPLE = re.compile(r'(bumpalloc_[a-z_]+)(?:\{size="(\d+)"\})? (\d+|\+Inf)')


def output(what):
    return subprocess.run([PROGRAM, what], check=True, capture_output=True, text=True).stdout


def of_class(rows, n_bytes):
    """The row of the class that serves a size; the first field is the class's."""
    return next(row for row in rows if next(iter(row.values())) >= n_bytes)


class Formats(unittest.TestCase):
    def test_json(self):
        stats = json.loads(output('json'))
        self.assertGreaterEqual(stats['reserved_bytes'], stats['committed_bytes'])
        self.assertGreaterEqual(of_class(stats['classes'], 3000)['in_use'], 100)
        region = of_class(stats['regions'], 3 * MIB)
        self.assertEqual((region['in_use'], region['in_use_bytes']), (1, 3 * MIB))
        self.assertEqual((region['allocations'], region['frees'], region['fresh']), (1, 0, 1))
        file = of_class(stats['files'], 3 * MIB)
        self.assertEqual((file['in_use'], file['disk_bytes']), (1, 3 * MIB))

    def test_classes_never_used_are_left_out(self):
        stats = json.loads(output('json'))
        self.assertEqual(len(stats['files']), 1)
        self.assertLess(len(stats['regions']), 10)
        self.assertTrue(all(row['peak_spans'] for row in stats['classes']))

    def test_prometheus(self):
        types, samples = {}, {}
        for line in output('prom').splitlines():
            if line.startswith('# HELP '):
                continue
            if line.startswith('# TYPE '):
                _, _, name, kind = line.split()
                self.assertNotIn(name, types)
                types[name] = kind
                continue
            match = SAMPLE.fullmatch(line)
            self.assertTrue(match, line)
            self.assertEqual(match[1], list(types)[-1], 'samples follow their type')
            self.assertNotIn(match.group(1, 2), samples)
            samples[match.group(1, 2)] = match[3]
        for name, kind in types.items():
            self.assertEqual(kind == 'counter', name.endswith('_total'), name)
        self.assertEqual(samples['bumpalloc_region_in_use_bytes', str(4 * MIB)], str(3 * MIB))
        self.assertEqual(samples['bumpalloc_file_allocations_total', str(4 * MIB)], '1')

    def test_text(self):
        text = output('text')
        self.assertRegex(text, r'\Areserved bytes +=')
        self.assertEqual(len(text.strip().split('\n\n')), 1 + len(KINDS))
        for table in text.strip().split('\n\n')[1:]:
            rows = [line.split() for line in table.splitlines()[1:]]
            self.assertEqual(len({len(row) for row in rows}), 1)
            self.assertTrue(all(word.isdigit() for row in rows for word in row))

    def test_xml(self):
        root = xml.etree.ElementTree.fromstring(output('xml'))
        self.assertEqual(root.tag, 'malloc')
        region = root.find(f".//region[@size='{4 * MIB}']")
        self.assertEqual(region.attrib['in_use_bytes'], str(3 * MIB))

    def test_all_say_the_same(self):
        stats = json.loads(output('json'))
        totals = [name for name in stats if name not in (*KINDS, 'version')]
        text = [line.split(' = ')[0].strip().replace(' ', '_')
                for line in output('text').split('\n\n')[0].splitlines()]
        self.assertEqual([name.split('=')[0].strip('_') for name in text], totals)
        prom = output('prom')
        for name in totals:
            self.assertRegex(prom, rf'\nbumpalloc_{name}(_total)? \S+\n')

    def test_is_what_the_library_says_at_exit(self):
        """One writer: BUMPALLOC_STATS has the same fields."""
        said = subprocess.run([PROGRAM, 'json'], check=True, capture_output=True, text=True,
                              env={'BUMPALLOC_STATS': 'json'})
        inside, at_exit = json.loads(said.stdout), json.loads(said.stderr)
        self.assertEqual(list(inside), list(at_exit))
        for kind in KINDS:
            self.assertEqual(list(inside[kind][0]), list(at_exit[kind][0]))


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] == '--help':
        print(__doc__)
        sys.exit(0 if '--help' in sys.argv else 2)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
