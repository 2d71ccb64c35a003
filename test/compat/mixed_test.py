# SPDX-License-Identifier: MIT
"""tools/compat --mixed itself: rounds that differ are found, servers that end too, and nothing is left."""
import os
import shutil
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))

from compatlib import mixed  # noqa: E402

SABOTEUR, WITNESS = os.path.realpath(sys.argv.pop(1)), os.path.realpath(sys.argv.pop(1))


class Courses(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def course(self, deed='nothing', library=SABOTEUR, seconds=0.5, portion=1.0, **words):
        os.environ['BUMPALLOC_SABOTAGE'] = deed
        part = mixed.Part(**{'name': 'x', 'about': 'a test', 'work': 'echo round $ROUND', **words})
        course = mixed.Course(part, self.root, library, WITNESS)
        course.live(time.monotonic() + seconds, portion, threading.Event())
        return course.result(library)

    def texts(self, result):
        return ' '.join(difference['text'] for difference in result['differences'])

    def test_same(self):
        result = self.course(serve='exec sleep 100', ready='true')
        self.assertEqual(result['differences'], [])
        self.assertGreaterEqual(result['rounds'], 1)
        self.assertEqual(result['lines'], 2 * result['rounds'])  # and the status
        self.assertGreaterEqual(result['processes'], 1 + result['rounds'])
        self.assertTrue(all(without > 0 and loaded > 0 for without, loaded in result['memory_kib']))

    def test_each_difference_is_found(self):
        for deed, word in (('stdout', 'round 1'), ('status', '42'), ('crash', 'status')):
            with self.subTest(deed):
                self.assertIn(word, self.texts(self.course(deed)))
            shutil.rmtree(os.path.join(self.root, 'x'))

    def test_library_that_is_no_malloc_differs(self):
        self.assertIn('malloc came from', self.texts(self.course(library=WITNESS)))

    def test_server_that_does_not_start(self):
        result = self.course(serve='echo no; exit 3', ready='false')
        self.assertIn('does not start', self.texts(result))
        self.assertEqual(result['rounds'], 0)

    def test_server_that_ends(self):
        self.assertIn('ended', self.texts(self.course(serve='sleep 0.2', ready='true', seconds=5)))

    def test_work_that_fails_without_too(self):
        self.assertIn('fails too', self.texts(self.course(work='exit 4')))

    def test_servers_are_stopped(self):
        course = self.course(serve='echo $$ > pid; exec sleep 100', ready='test -s pid')
        self.assertEqual(course['differences'], [])
        for side in mixed.SIDES:
            with open(os.path.join(self.root, 'x', side, 'work', 'pid'), encoding='ascii') as file:
                self.assertFalse(os.path.exists('/proc/' + file.read().strip()))

    def test_it_takes_its_portion(self):
        begun = time.monotonic()
        result = self.course(work='i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done', seconds=3, portion=0.1)
        self.assertLess(result['processor_s'], 0.3 * (time.monotonic() - begun))


class Parts(unittest.TestCase):
    def test_parts_of_the_tree_are_well_formed(self):
        parts = mixed.read_parts([])
        self.assertGreaterEqual({part.name for part in parts}, {'redis', 'postgres', 'node', 'python', 'compile'})
        for part in parts:
            self.assertEqual(bool(part.serve), bool(part.ready), part.name)
            self.assertIn('ROUND', part.work)
        with self.assertRaises(mixed.Broken):
            mixed.read_parts(['no-such-part'])


class Table(unittest.TestCase):
    def test_it_says_what_differs(self):
        made = mixed.table([{'name': 'a', 'rounds': 7, 'lines': 21, 'processes': 9, 'processor_s': 1.5,
                             'memory_kib': [[1024, 2048]] * 3 + [[9216, 3072]],
                             'differences': [{'round': 3, 'text': 'other'}]}], 2, ['what', 'command'])
        self.assertTrue(made.startswith('what\ncommand\n2 minutes'))
        self.assertRegex(made, r'a +7 +21 +9 +1.5 +1 +1 9 9 +2 3 3')
        self.assertIn('a, round 3: other', made)


if __name__ == '__main__':
    unittest.main()
