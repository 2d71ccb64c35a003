# SPDX-License-Identifier: MIT
"""Profiles of live processes, as bumprun takes and shows them, and the files that programs write."""
import gzip
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from support import Held, Paths, bumprun, main, without_options

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'profile'))
import pprof  # noqa: E402


def sums(path):
    """Of each type of value: the sum over all stacks."""
    total = {}
    for _, values in pprof.stacks(pprof.read(path)):
        for name, value in values.items():
            total[name] = total.get(name, 0) + value
    return total


class Live(unittest.TestCase):
    """Of a process that was started without: sampled for so many seconds, and not afterwards."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, 'heap.pb.gz')

    def tearDown(self):
        self.folder.cleanup()

    def test_samples_for_so_long(self):
        with Held() as held:
            held.tell('busy 2')
            start = time.monotonic()
            done = bumprun('profile', '--seconds', '1', '--rate', '4096', '--output', self.path,
                           '--top', '3', held.pid)
            self.assertEqual(done.returncode, 0, done)
            self.assertRegex(done.stderr, r'^bumprun: objects from before these 1 seconds are not in it')
            self.assertGreater(time.monotonic() - start, 1)
            found = sums(self.path)
            self.assertGreater(found['alloc_space'], 10 << 20)
            self.assertIn('churn', done.stdout)
            self.assertRegex(done.stdout, r'^inuse_space: [\d.]+[BKMG]')

    def test_what_it_finds_is_what_was_held_meanwhile(self):
        with Held() as held:
            held.tell('hold 5000 2000')  # before: not sampled
            taking = threading.Thread(target=bumprun, args=(
                'profile', '--seconds', '2', '--rate', '2048', '--output', self.path, held.pid))
            taking.start()
            time.sleep(0.5)
            while taking.is_alive():  # it sees the request in slow calls
                held.tell('hold 700 100')
                held.tell('churn 4000')
                time.sleep(0.02)
            taking.join()
            self.assertEqual(held.tell('about').split()[:2], ['threads', '1'])
            held.tell('hold 700 100')
            bytes_held = held.dump()['in_use_bytes']
        found = sums(self.path)
        self.assertGreater(found['inuse_space'], 100 * 700)
        self.assertLess(found['inuse_space'], bytes_held - 2000 * 5000)

    def test_flame_graph_and_folded_stacks(self):
        with Held() as held:
            held.tell('busy 1')
            picture = os.path.join(self.folder.name, 'flame.svg')
            done = bumprun('profile', '--seconds', '0.5', '--rate', '4096', '--type', 'alloc_space',
                           '--folded', '-', '--svg', picture, held.pid)
        self.assertEqual(done.returncode, 0, done)
        rows = [line.rsplit(' ', 1) for line in done.stdout.splitlines()]
        self.assertTrue(any(re.search(r'keep_busy;churn\b', stack) for stack, _ in rows), rows)
        self.assertTrue(all(int(value) > 0 for _, value in rows))
        with open(picture, encoding='utf-8') as file:
            self.assertRegex(file.read(), r'data-n="churn\b')

    def test_of_one_that_is_profiled_from_its_start(self):
        own = os.path.join(self.folder.name, 'own.pb.gz')
        with Held(PROFILE=own, PROFILE_RATE=1024) as held:
            held.tell('hold 3000 1000')
            held.tell('busy 1')
            start = time.monotonic()
            done = bumprun('profile', '--seconds', '30', '--output', self.path, held.pid)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertLess(time.monotonic() - start, 20, 'it waited for nothing')
            live = sums(self.path)['inuse_space']
            self.assertGreater(live, 3000000 * 0.9)
            self.assertLess(live, 3000000 * 1.1 + 400 * 3000, 'the busy thread holds some')
            self.assertFalse(os.path.exists(own))

    def test_idle_process(self):
        with Held() as held:
            done = bumprun('profile', '--seconds', '0', held.pid)
            self.assertEqual(done.returncode, 3, done)
            self.assertIn('has made no slow call', done.stderr)
            # Nobody is there any more who would end it: so it does not begin either.
            held.tell('hold 700 10000')
            held.tell('busy 1')
            self.assertEqual(bumprun('profile', '--seconds', '0', '--rate', '65536', '--output',
                                     self.path, held.pid).returncode, 0)
            # What the busy thread has, 400 objects of 3,000 bytes at most, and not the 7 MB.
            self.assertLess(sums(self.path).get('inuse_space', 0), 3 << 20)

    def test_interrupted_it_shows_what_it_has(self):
        with Held() as held:
            held.tell('busy 2')
            taking = subprocess.Popen([Paths.bumprun, 'profile', '--seconds', '100', '--rate', '4096',
                                       '--top', '3', str(held.pid)], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True)
            time.sleep(1)
            taking.terminate()
            self.assertIn('churn', taking.communicate(timeout=60)[0])
            self.assertEqual(taking.returncode, 0)
            # and the process is not sampled any more
            samples = [bumprun('profile', '--seconds', '0', '--rate', str(1 << 40), '--output',
                               self.path, held.pid) and sums(self.path)['alloc_objects']
                       for _ in range(2)]
            self.assertEqual(samples[0], samples[1])

    def test_switched_off(self):
        with Held(OUTSIDE=0) as held:
            held.tell('busy 1')
            done = bumprun('profile', '--seconds', '0', held.pid)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn('BUMPALLOC_OUTSIDE=0', done.stderr)

    def test_refuses_what_is_none(self):
        with open(self.path, 'wb') as file:
            file.write(gzip.compress(b'not a profile' * 100))
        for path in (self.path, os.path.join(self.folder.name, 'none'), __file__):
            done = bumprun('profile', path)
            self.assertEqual((done.returncode, done.stdout), (1, ''), path)
            self.assertRegex(done.stderr, r'^bumprun: .*\n$')


class Peaks(unittest.TestCase):
    def test_file_at_each_new_peak(self):
        """A program that is killed has left its peak; without the option, nothing."""
        with tempfile.TemporaryDirectory() as folder:
            for peaks in (0, 1):
                path = os.path.join(folder, f'heap{peaks}.%p.pb.gz')
                with Held(PROFILE=path, PROFILE_RATE=4096, PROFILE_PEAK=peaks) as held:
                    sizes = []
                    for _ in range(4):
                        held.tell('hold 10000 800')
                        found = self.file_of(path, held.pid)
                        sizes.append(sums(found)['inuse_space'] if found else 0)
                    held.tell('drop 1')
                    held.tell('hold 10000 10')
                    held.process.kill()
                    held.process.wait()
                    last = self.file_of(path, held.pid)
                if not peaks:
                    self.assertIsNone(last)
                    continue
                self.assertEqual(sizes, sorted(set(sizes)), 'each is a new one')
                found = sums(last)
                # It may be an eighth behind the peak, and 1 MiB.
                self.assertGreater(found['peak_space'], (32000000 - (1 << 20)) * 8 / 9 * 0.9)
                self.assertLess(found['peak_space'], 32000000 * 1.1)

    @staticmethod
    def file_of(path, pid):
        path = path.replace('%p', str(pid))
        return path if os.path.exists(path) else None


class AtExit(unittest.TestCase):
    def test_nothing_sampled_is_a_profile_too(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'heap.pb.gz')
            done = bumprun('--profile', path, '--profile-rate', '1T', 'true')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual(sums(path), {})

    def test_children_have_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bumprun('--profile', f'{folder}/%p.pb.gz', sys.executable, '-c',
                           'import subprocess; subprocess.run(["ls"], stdout=subprocess.DEVNULL)')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertGreaterEqual(len(os.listdir(folder)), 2)

    def test_what_cannot_be_written_is_one_line(self):
        done = bumprun('--profile', '/nonexistent/heap.pb.gz', 'true')
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r'^bumpalloc: cannot write the profile [^\n]*\n$')

    def test_leaks(self):
        """Live samples by site, without a claim that they are lost; exact where each is sampled."""
        with Held(LEAKS=1, PROFILE_RATE=1) as held:
            held.tell('hold 3000 50')
            text = held.end()
        self.assertRegex(text, r'bumpalloc: in use at exit, by estimate from \d+ samples: \d+ bytes')
        sites = re.findall(r'bumpalloc: (\d+) bytes in (\d+) objects from\n((?:    .*\n)+)', text)
        self.assertIn(('150000', '50'), [site[:2] for site in sites])
        self.assertNotRegex(text, r'leak|lost')


class Viewers(unittest.TestCase):
    def test_go_tool_pprof(self):
        """The format's own tool, where Go is installed."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'heap.pb.gz')
            with Held(PROFILE=path, PROFILE_RATE=1024) as held:
                held.tell('hold 3000 1000')
                held.end()
            try:
                done = subprocess.run(['go', 'tool', 'pprof', '-raw', path], text=True, timeout=60,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                      env={**without_options(), 'HOME': folder})
            except FileNotFoundError:
                self.skipTest('go is not installed')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'alloc_objects/count alloc_space/bytes inuse_objects/count '
                                      r'inuse_space/bytes')


if __name__ == '__main__':
    main()
