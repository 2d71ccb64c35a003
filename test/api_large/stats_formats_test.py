#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The three formats of bump_stats_write say the same, and each is what its name promises.

usage: stats_formats_test.py PROGRAM   (PROGRAM writes them: json, prom or text)
"""
import json
import re
import subprocess
import sys
import unittest

PROGRAM = ''
KINDS = ('small', 'large', 'file')
MIB = 1 << 20
SAMPLE = re.compile(r'(bumpalloc_[a-z_]+)(?:\{size_class="(\d+)"\})? (\d+)')


def output(what):
    return subprocess.run([PROGRAM, what], check=True, capture_output=True, text=True).stdout


def of_class(classes, n_bytes):
    return next(it for it in classes if it['size_class'] >= n_bytes)


class Formats(unittest.TestCase):
    def test_json(self):
        stats = json.loads(output('json'))
        self.assertGreaterEqual(stats['reserved_bytes'], stats['committed_bytes'])
        self.assertGreaterEqual(of_class(stats['small'], 3000)['used_objects'], 100)
        large = of_class(stats['large'], 3 * MIB)
        self.assertEqual((large['live_regions'], large['live_bytes']), (1, 3 * MIB))
        file = of_class(stats['file'], 3 * MIB)
        self.assertEqual((file['live_regions'], file['allocated_bytes']), (1, 3 * MIB))

    def test_classes_never_used_are_left_out(self):
        stats = json.loads(output('json'))
        self.assertEqual(len(stats['file']), 1)
        self.assertLess(len(stats['large']), 10)
        self.assertTrue(all(it['used_objects'] + it['free_objects'] for it in stats['small']))

    def test_prometheus(self):
        types, samples = {}, {}
        for line in output('prom').splitlines():
            if line.startswith('# TYPE '):
                _, _, name, kind = line.split()
                self.assertNotIn(name, types)
                types[name] = kind
                continue
            match = SAMPLE.fullmatch(line)
            self.assertTrue(match, line)
            self.assertEqual(match[1], list(types)[-1], 'samples follow their type')
            self.assertNotIn(match.group(1, 2), samples)
            samples[match.group(1, 2)] = int(match[3])
        for name, kind in types.items():
            self.assertEqual(kind == 'counter', name.endswith('_total'), name)
        self.assertEqual(samples['bumpalloc_large_live_bytes', str(4 * MIB)], 3 * MIB)
        self.assertEqual(samples['bumpalloc_file_allocations_total', str(4 * MIB)], 1)

    def test_text(self):
        lines = output('text').splitlines()
        heads = [line.split() for line in lines if line.split()[0] in KINDS]
        self.assertEqual([head[0] for head in heads], list(KINDS))
        for head in heads:
            at = lines.index(' '.join(head))
            row = lines[at + 1].split()
            self.assertEqual(len(row), len(head))
            self.assertTrue(all(word.isdigit() for word in row))
        self.assertRegex(lines[0], r'^reserved_bytes \d+$')

    def test_all_name_the_same_fields(self):
        stats = json.loads(output('json'))
        text = output('text').split('\n')
        for kind in KINDS:
            head = next(line for line in text if line.startswith(kind + ' ')).split()[1:]
            self.assertEqual(head, [name for name in stats[kind][0] if name != 'size_class'])
        self.assertEqual([line.split()[0] for line in text[:20]], list(stats)[:20])


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] == '--help':
        print(__doc__)
        sys.exit(0 if '--help' in sys.argv else 2)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
