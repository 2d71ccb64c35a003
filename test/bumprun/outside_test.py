# SPDX-License-Identifier: MIT
"""bumprun stat, dump and trim: what they say is true, and the process does not notice."""
import json
import os
import re
import stat
import subprocess
import tempfile
import time
import unittest

from support import Held, Paths, bumprun, class_of, main


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


class Dump(unittest.TestCase):
    def test_counts_are_exact_at_rest(self):
        with Held() as held:
            before = held.dump()
            held.tell('hold 250 12345')
            held.tell('hold 5000 777')
            held.tell('hold 100000 9')
            held.tell('hold 6000000 3')
            after = held.dump()
            self.assertEqual(after['moving'], 0)
            for size, count in ((250, 12345), (5000, 777)):
                was = [row['in_use'] for row in before['classes']
                       if row['object_bytes'] == class_of(after, size)['object_bytes']]
                self.assertEqual(class_of(after, size)['in_use'] - sum(was), count)
            slots = {row['slot_bytes']: row for row in after['regions']}
            self.assertEqual(slots[131072]['in_use'], 9)
            self.assertEqual(slots[131072]['in_use_bytes'], 9 * 102400)
            self.assertEqual(slots[8388608]['in_use'], 3)

    def test_follows_frees(self):
        with Held() as held:
            held.tell('hold 250 10000')
            full = held.dump()
            held.tell('drop 4')
            less = held.dump()
            self.assertEqual(class_of(full, 250)['in_use'] - class_of(less, 250)['in_use'], 2500)
            self.assertEqual(full['in_use_bytes'] - less['in_use_bytes'], 2500 * 256)

    def test_objects_make_up_their_spans(self):
        with Held() as held:
            held.tell('hold 4096 1600')
            held.tell('drop 3')
            row = class_of(held.dump(), 4096)
            self.assertEqual(row['in_use'], 1600 - 534)
            self.assertEqual(row['in_use'] + row['free'], 1600)
            self.assertEqual(row['spans'], 100)

    def test_is_what_the_process_itself_says(self):
        with Held(STATS='json') as held:
            held.tell('hold 300 5000')
            held.tell('drop 2')
            outside = held.dump()
            inside = json.loads(held.end())
        for name in ('in_use_objects', 'in_use_bytes', 'free_bytes', 'span_bytes', 'reserved_bytes',
                     'metadata_bytes', 'peak_bytes', 'cached_bytes', 'fresh_bytes'):
            self.assertEqual(outside[name], inside[name], name)
        self.assertEqual(outside['classes'], inside['classes'])

    def test_never_torn_while_threads_allocate(self):
        with Held() as held:
            held.tell('hold 20000 2000')
            held.tell('busy 2')
            for _ in range(20):
                dump = held.dump()
                row = class_of(dump, 20000)
                self.assertEqual(row['in_use'], 2000)
                self.assertLess(dump['in_use_bytes'], 200 << 20)
                for other in dump['classes']:
                    objects = other['spans'] * (65536 // other['object_bytes'])
                    slack = 3 * 65536 // other['object_bytes'] + 8 * 4096
                    self.assertLessEqual(other['in_use'], objects + slack, other)

    def test_of_a_static_program(self):
        with Held(preload=False, program=Paths.held_static) as held:
            before = held.dump()['in_use_objects']
            held.tell('hold 250 500')
            dump = held.dump()
            self.assertEqual(dump['in_use_objects'] - before, 500)
            held.tell('busy 1')
            self.assertEqual(bumprun('trim', '--wait', '20', held.pid).returncode, 0)

    def test_in_the_child_of_a_fork(self):
        program = ('import os, sys, time\n'
                   'x = [bytes(700) for _ in range(1000)]\n'
                   'pid = os.fork()\n'
                   'print(pid, flush=True) if pid else x.extend(bytes(700) for _ in range(500))\n'
                   'sys.stdin.read() if pid else time.sleep(60)\n'
                   'pid and os.kill(pid, 9)\n')
        process = subprocess.Popen([Paths.bumprun, '/usr/bin/python3', '-c', program], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child = int(process.stdout.readline())
        time.sleep(0.5)
        counts = [class_of(json.loads(bumprun('dump', '--json', pid).stdout), 733)['in_use']
                  for pid in (process.pid, child)]
        process.communicate('')
        self.assertAlmostEqual(counts[1] - counts[0], 500, delta=5)

    def test_small_reservations_and_none(self):
        for reserve in ('256M', '0'):
            with Held(RESERVE=reserve) as held:
                held.tell('hold 200 1000')
                held.tell('hold 1000000 3')
                dump = held.dump()
                self.assertGreaterEqual(dump['in_use_bytes'], 3200000, reserve)
                self.assertLess(dump['in_use_bytes'], 8 << 20, reserve)


class Unnoticed(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        with Held() as held:
            before = held.tell('about')
            self.assertRegex(before, r'threads 1 descriptors \d+ signals 0')
            held.dump()
            bumprun('stat', '--once', held.pid)
            bumprun('trim', '--wait', '0.1', held.pid)
            held.tell('churn 100000')
            self.assertEqual(held.tell('about'), before)

    def test_runs_on_while_it_is_read(self):
        """Its processor time goes on, and it is never in a traced or stopped state."""
        with Held() as held:
            held.tell('busy 1')
            states = set()
            for _ in range(30):
                done = subprocess.Popen([Paths.bumprun, 'dump', str(held.pid)],
                                        stdout=subprocess.DEVNULL)
                while done.poll() is None:
                    with open(f'/proc/{held.pid}/status', encoding='ascii') as status:
                        text = status.read()
                    states.add(re.search(r'State:\t(\w)', text)[1])
                    states.add('traced' * (re.search(r'TracerPid:\t(\d+)', text)[1] != '0'))
            self.assertLessEqual(states, {'R', 'S', 'D', ''})


class Trim(unittest.TestCase):
    def test_happens_in_the_next_slow_call(self):
        with Held(PURGE_FLOOR='64M') as held:
            held.tell('hold 100000 300')
            held.tell('drop 1')
            held.tell('spin 1')
            dirty = held.dump()['dirty_bytes']
            self.assertGreater(dirty, 20 << 20)
            done = bumprun('trim', '--wait', '0.2', held.pid)
            self.assertEqual(done.returncode, 3, done)
            self.assertIn('will trim in its next one', done.stderr)
            self.assertEqual(held.dump()['dirty_bytes'], dirty)
            held.tell('spin 1000')
            self.assertEqual(held.dump()['dirty_bytes'], dirty, 'the hot path looked')
            held.tell('churn 10000')
            self.assertLess(held.dump()['dirty_bytes'], 4 << 20)

    def test_of_a_busy_process(self):
        with Held(PURGE_FLOOR='64M') as held:
            held.tell('hold 100000 300')
            held.tell('drop 1')
            held.tell('busy 1')
            done = bumprun('trim', '--wait', '20', held.pid)
            self.assertEqual(done.returncode, 0, done)
            self.assertRegex(done.stdout, r'^released [\d.]+M, RSS [\d.]+M, was [\d.]+M\n$')

    def test_wakes_a_sleeping_worker(self):
        with Held(BACKGROUND=1, PURGE_FLOOR='64M') as held:
            held.tell('hold 250 1000')
            held.tell('drop 2')
            held.tell('churn 4000')
            self.assertTrue(wait_for(lambda: self.is_asleep(held.pid), 20))
            start = time.monotonic()
            done = bumprun('trim', '--wait', '10', held.pid)
            self.assertEqual(done.returncode, 0, done)
            self.assertLess(time.monotonic() - start, 5)

    @staticmethod
    def is_asleep(pid):
        """Its second thread waits, and has done so without waking for over half a second."""
        def switches():
            with open(f'/proc/{pid}/task/{tasks[-1]}/status', encoding='ascii') as status:
                return status.read().split('voluntary_ctxt_switches:')[1].split()[0]
        tasks = sorted(os.listdir(f'/proc/{pid}/task'), key=int)
        if len(tasks) < 2:
            return False
        before = switches()
        time.sleep(1.2)
        return switches() == before


class Refusals(unittest.TestCase):
    def refused(self, *arguments, **keywords):
        done = bumprun(*arguments, **keywords)
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(done.stdout, '')
        self.assertRegex(done.stderr, r'^bumprun: .*\n$')
        return done.stderr

    def test_switched_off(self):
        with Held(OUTSIDE=0) as held:
            for command in ('dump', 'stat', 'trim'):
                self.assertIn('BUMPALLOC_OUTSIDE=0', self.refused(command, held.pid))

    def test_without_the_library(self):
        with Held(preload=False) as held:
            for command in ('dump', 'stat', 'trim'):
                self.assertIn('does not run under libbumpalloc', self.refused(command, held.pid))

    def test_no_process(self):
        with Held() as held:
            pid = held.pid
        self.assertIn(f'no process {pid}', self.refused('dump', pid))

    def test_ended_meanwhile(self):
        with Held() as held:
            watching = subprocess.Popen([Paths.bumprun, 'stat', '--interval', '0.05', '--count',
                                         '1000', str(held.pid)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
            time.sleep(0.5)
        self.assertRegex(watching.communicate(timeout=30)[1], r'^bumprun: process \d+ has ended\n$')
        self.assertEqual(watching.returncode, 0)

    @unittest.skipIf(os.geteuid() != 0, 'needs root, to be somebody else')
    def test_another_user(self):
        with Held() as held:
            said = self.refused('dump', held.pid, user=65534, group=65534, extra_groups=[],
                                cwd='/')
            self.assertIn('may not be read', said)


class Output(unittest.TestCase):
    """What cannot be printed or written is told, and is a failure."""

    def told(self, *arguments, says='bumprun: stdout: cannot be written\n', status=1, **keywords):
        done = bumprun(*arguments, **keywords)
        self.assertEqual((done.returncode, done.stderr), (status, says), arguments)

    def test_full_stdout(self):
        with Held() as held, open('/dev/full', 'w', encoding='utf-8') as full:
            for words in (['--help'], ['--options'], ['--version'], ['stat', '--help'],
                          ['stat', '--once', held.pid], ['dump', held.pid],
                          ['stat', '--count', '1000', '--interval', '0.01', held.pid]):
                self.told(*words, stdout=full)

    def test_closed_stdout(self):
        with Held() as held:
            for words in (['--help'], ['stat', '--once', held.pid], ['dump', held.pid]):
                self.told(*words, preexec_fn=lambda: os.close(1))

    def test_pictures_are_svg_or_html(self):
        with Held() as held, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'heap.png')
            self.told('map', '-o', path, held.pid, status=2,
                      says=f'bumprun: map: -o {path}: a picture is .svg or .html\n')
            self.assertFalse(os.path.exists(path))

    def test_a_device_is_not_replaced_by_a_profile(self):
        with Held() as held, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'fifo')
            os.mkfifo(path)
            self.told('profile', '--seconds', '0', '--output', path, held.pid, status=2,
                      says=f'bumprun: {path}: not a regular file\n')
            self.assertTrue(stat.S_ISFIFO(os.stat(path).st_mode))


class Stat(unittest.TestCase):
    def test_parts_add_up(self):
        with Held() as held:
            held.tell('hold 500 60000')
            held.tell('drop 3')
            text = bumprun('stat', '--once', held.pid).stdout
        sizes = dict(re.findall(r'^  ([a-z][a-z ]*?) +([\d.]+[BKMG])', text, re.M))
        self.assertEqual(set(sizes), {'in use', 'fragments', 'caches', 'dirty', 'records',
                                      'not malloc'})
        rss = self.bytes_of(re.search(r'^RSS +([\d.]+[BKMG])', text, re.M)[1])
        self.assertAlmostEqual(sum(map(self.bytes_of, sizes.values())) / rss, 1, delta=0.03)
        self.assertAlmostEqual(self.bytes_of(sizes['in use']), 40000 * 512, delta=3 << 20)
        self.assertRegex(text, r'\n +512B +400\d\d ')

    def test_renews_itself(self):
        with Held() as held:
            held.tell('busy 1')
            text = bumprun('stat', '--count', '3', '--interval', '0.1', held.pid).stdout
        self.assertEqual(text.count('RSS '), 3)
        rates = re.findall(r'a second: (\d+) magazines', text)
        self.assertEqual(len(rates), 2)
        self.assertGreater(int(rates[0]), 0)

    @staticmethod
    def bytes_of(text):
        return float(text[:-1]) * 1024 ** 'BKMG'.index(text[-1])


if __name__ == '__main__':
    main()
