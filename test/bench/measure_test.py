#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/bench says about a program: its memory, how it ended, and whether it printed the same.

usage: measure_test.py LIBRARY
"""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools'))
from benchlib import measure, programs  # noqa: E402

LIBRARY = None
SERVER = '''
import os, signal, socket, sys
link = socket.socket(socket.AF_UNIX)
link.bind('made'); link.listen(); os.rename('made', 'socket')
while True:
    peer, _ = link.accept()
    peer.sendall(os.environ.get('LD_PRELOAD', '').encode() or b'nothing')
    peer.close()
'''
CLIENT = '''
import os, socket
link = socket.socket(socket.AF_UNIX); link.connect('socket')
print(link.recv(1000), repr(os.environ.get('LD_PRELOAD')))
'''


def shell(text, **options):
    return measure.measure(measure.Job(['sh', '-c', text], **options), None, False)


class Measure(unittest.TestCase):
    def test_peak_is_that_of_the_program(self):
        ballast = bytearray(os.urandom(1 << 20) * 64)
        run = shell('echo checksum 0123456789abcdef')
        self.assertEqual((run.status, run.checksum), ('ok', '0123456789abcdef'))
        self.assertLess(run.peak_kib, len(ballast) >> 11)
        self.assertGreater(run.peak_kib, 100)

    def test_time_and_peak_include_children(self):
        run = shell(f"{sys.executable} -c 'x = bytearray(80 << 20); sum(x[::5])'; echo a",
                    hashed=True)
        self.assertEqual(run.status, 'ok')
        self.assertGreater(run.peak_kib, 80 << 10)
        self.assertGreater(run.cpu_s, 0.02)

    def test_ends(self):
        self.assertEqual(shell('echo why >&2; exit 3').status, 'exit 3: why')
        self.assertEqual(shell('kill -11 $$').status, 'signal 11')
        self.assertEqual(shell('echo nothing').status, 'no checksum')
        self.assertEqual(shell('true', hashed=True).status, 'no checksum')
        self.assertIn('nosuch', measure.measure(
            measure.Job(['nosuch-program']), None, False).status)

    def test_endless(self):
        before, measure.TIMEOUT_S = measure.TIMEOUT_S, 0.3
        try:
            self.assertIn('still running', shell('sleep 60').status)
        finally:
            measure.TIMEOUT_S = before

    def test_output_is_hashed(self):
        one, same, other = (shell(f'echo {word}', hashed=True) for word in 'aab')
        self.assertEqual(one.checksum, same.checksum)
        self.assertNotEqual(one.checksum, other.checksum)

    def test_verified(self):
        good = shell('echo noise', hashed=True, verify=['echo', 'result'])
        self.assertEqual(good.checksum, shell('echo result', hashed=True).checksum)
        bad = shell('echo noise', hashed=True, verify=['false'])
        self.assertIn('wrong result', bad.status)

    def test_library_is_for_the_server_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            job = measure.Job([sys.executable, '-c', SERVER], folder, hashed=True,
                              load=[sys.executable, '-c', CLIENT], socket='socket')
            run = measure.measure(job, LIBRARY, False)
            self.assertEqual(run.status, 'ok')
            wanted = f'{LIBRARY.encode()} None'
            self.assertEqual(run.checksum, shell(f'printf "%s\\n" "{wanted}"',
                                                 hashed=True).checksum)

    def test_failing_server_and_load(self):
        with tempfile.TemporaryDirectory() as folder:
            job = measure.Job(['sh', '-c', 'exit 4'], folder, hashed=True, load=['true'],
                              socket='socket')
            self.assertEqual(measure.measure(job, None, False).status, 'exit 4')
            job = measure.Job([sys.executable, '-c', SERVER], folder, hashed=True, load=['false'],
                              socket='socket')
            self.assertEqual(measure.measure(job, None, False).status, 'load: false: exit 1')

    def test_sampled(self):
        run = measure.measure(measure.Job(['sleep', '0.3'], hashed=True, verify=['echo', 'x']),
                              LIBRARY, True)
        self.assertEqual(run.status, 'ok')
        self.assertGreater(len(run.samples), 3)


class Programs(unittest.TestCase):
    def test_data_is_the_same_each_time(self):
        row = programs.Program('text', '', {}, ('cat', 'text'),
                               setup=((*programs.DATA, 'text'),))
        sums = set()
        for _ in range(2):
            with programs.jobs([row], True) as made:
                sums.add(measure.measure(made['text'], LIBRARY, False).checksum)
        self.assertEqual(len(sums), 1)
        self.assertNotIn('', sums)

    def test_names_and_packages(self):
        names = [row.name for row in programs.WORKLOADS]
        self.assertEqual(len(set(names)), len(names))
        lacking = programs.Program('x', '', {'nosuch-program': 'nosuch'}, ('nosuch-program',))
        self.assertEqual(programs.missing(lacking), 'nosuch-program (apt install nosuch)')


if __name__ == '__main__':
    LIBRARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
