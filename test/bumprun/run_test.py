# SPDX-License-Identifier: MIT
"""bumprun PROGRAM: the program is as it would be without, but for the library in it."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

from support import Paths, bumprun, main


class Run(unittest.TestCase):
    def test_status_output_and_input_are_the_programs(self):
        done = bumprun('sh', '-c', 'cat; echo err >&2; exit 7', input='in\n', stdin=None)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, 'in\n', 'err\n'))

    def test_signals_reach_the_program(self):
        process = subprocess.Popen([Paths.bumprun, 'sh', '-c', 'trap "exit 9" TERM; echo on; '
                                    'while :; do sleep 0.05; done'], stdout=subprocess.PIPE,
                                   text=True)
        self.assertEqual(process.stdout.readline(), 'on\n')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 9)
        process.stdout.close()
        self.assertEqual(bumprun('sh', '-c', 'kill -KILL $$').returncode, -signal.SIGKILL)

    def test_library_is_in_the_program_and_its_children(self):
        done = bumprun('sh', '-c', 'cat /proc/self/maps')
        self.assertIn(os.path.realpath(Paths.library), done.stdout)

    def test_secure_library_stands_beside(self):
        if sys.platform != 'linux':
            self.skipTest('there is none')
        done = bumprun('--secure', 'sh', '-c', 'cat /proc/self/maps')
        folder, name = os.path.split(os.path.realpath(Paths.library))
        secure = os.path.join(folder, name.replace('libbumpalloc', 'libbumpalloc-secure'))
        self.assertIn(secure + '\n', done.stdout)
        self.assertNotIn(os.path.realpath(Paths.library), done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            alone = shutil.copy(Paths.library, folder)
            done = bumprun('--secure', '--library', alone, 'true')
            self.assertNotEqual(done.returncode, 0)
            self.assertIn('libbumpalloc-secure', done.stderr)

    def test_other_preloads_stay(self):
        done = bumprun('sh', '-c', 'echo $LD_PRELOAD', env={**os.environ, 'LD_PRELOAD': 'libm.so.6'})
        self.assertEqual(done.stdout, f'{os.path.realpath(Paths.library)}:libm.so.6\n')

    def test_options_become_variables(self):
        done = bumprun('--purge-floor', '3M', '--background', '--thp=never', '--stats-to=7',
                       '--', 'env')
        for line in ('BUMPALLOC_PURGE_FLOOR=3M', 'BUMPALLOC_BACKGROUND=1', 'BUMPALLOC_THP=never',
                     'BUMPALLOC_STATS_TO=7'):
            self.assertIn(line + '\n', done.stdout)

    def test_bad_usage(self):
        for arguments, said in ((['--purge-floor', 'x', 'true'], '--purge-floor=x: it takes SIZE'),
                                (['--nonsense', 'true'], '--nonsense: no such option'),
                                (['--thp', 'true'], 'it takes auto|never|always'),
                                (['--limit'], 'needs a value'), (['--stats'], 'no program')):
            done = bumprun(*arguments)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stderr.count('\n'), 1)

    def test_no_program(self):
        self.assertEqual(bumprun('/no/such').returncode, 127)
        self.assertEqual(bumprun('no-such-program').returncode, 127)
        self.assertEqual(bumprun('/etc/passwd').returncode, 126)

    def test_help_and_version(self):
        self.assertRegex(bumprun('--version').stdout, r'^bumprun \d+\.\d+\.\d+\n$')
        for command in ([], ['compare'], ['stat'], ['dump'], ['trim']):
            done = bumprun(*command, '--help')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertTrue(done.stdout.startswith(f'usage: {" ".join(["bumprun", *command])}'))
        self.assertEqual(bumprun().returncode, 2)


class Library(unittest.TestCase):
    def test_named(self):
        done = bumprun('--library', '/no/library', 'true')
        self.assertEqual(done.returncode, 125)

    def test_beside_bumprun(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(Paths.bumprun, folder)
            shutil.copy(Paths.library, folder)
            done = subprocess.run([copy, 'sh', '-c', 'echo $LD_PRELOAD'], stdout=subprocess.PIPE,
                                  text=True, check=True)
            name = os.path.basename(Paths.library)
            self.assertEqual(done.stdout, f'{os.path.realpath(folder)}/{name}\n')

    def test_spaces_are_refused(self):
        with tempfile.TemporaryDirectory(suffix=' space') as folder:
            library = shutil.copy(Paths.library, folder)
            done = bumprun('--library', library, 'true')
            self.assertEqual(done.returncode, 125)
            self.assertIn('space or colon', done.stderr)


class Verdicts(unittest.TestCase):
    """Programs that no preload reaches are told from those that it does, and why."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir='/tmp')

    def tearDown(self):
        shutil.rmtree(self.folder)

    def made(self, change=None, of='/bin/true'):
        path = shutil.copy(of, os.path.join(self.folder, 'program'))
        if change:
            with open(path, 'r+b') as file:
                change(file)
        return path

    def cannot(self, path, why):
        done = bumprun(path)
        self.assertEqual(done.returncode, 125, done)
        self.assertIn(f'{path} cannot be preloaded: {why}', done.stderr)

    def test_static(self):
        self.cannot(Paths.static, 'it is linked statically')
        self.assertEqual(bumprun('--force', Paths.static).returncode, 0)

    def test_musl(self):
        self.cannot(Paths.musl, 'it is built for musl')

    def test_32_bits(self):
        def narrow(file):
            file.seek(4)
            file.write(b'\x01')
        self.cannot(self.made(narrow), 'it is a 32-bit program')

    def test_another_processor(self):
        def foreign(file):
            file.seek(18)
            file.write(struct.pack('<H', 243))  # RISC-V
        self.cannot(self.made(foreign), 'it is for another processor')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root, to give a file away')
    def test_setuid(self):
        path = self.made()
        os.chown(path, 65534, 65534)
        os.chmod(path, 0o4755)
        self.cannot(path, 'it is set-uid or set-gid')

    @unittest.skipUnless(shutil.which('objcopy'), 'needs objcopy')
    def test_go(self):
        for program, why in ((Paths.static, 'static Go program'), ('/bin/true', 'C parts call')):
            path = self.made(of=program)
            subprocess.run(['objcopy', '--add-section', '.go.buildinfo=/etc/hostname', path],
                           check=True)
            done = bumprun(path)
            self.assertIn(why, done.stderr)
            self.assertEqual(done.returncode, 125 if 'static' in why else 0)

    def test_own_malloc(self):
        done = bumprun(Paths.exporter)
        self.assertEqual(done.returncode, 0)
        self.assertIn('it brings a malloc of its own', done.stderr)

    def test_script_is_judged_by_its_interpreter(self):
        script = os.path.join(self.folder, 'script')
        for first, status in ((f'#!{Paths.static}\n', 125), (f'#!{sys.executable}\n', 0),
                              ('#!/usr/bin/env python3\n', 0)):
            with open(script, 'w', encoding='ascii') as file:
                file.write(first)
            os.chmod(script, 0o755)
            done = bumprun(script)
            self.assertEqual(done.returncode, status, done)
            self.assertEqual('cannot be preloaded' in done.stderr, status == 125)

    def test_ordinary_programs_pass_in_silence(self):
        for program in ('true', 'ls', sys.executable):
            done = bumprun(program, '--version')
            self.assertEqual((done.returncode, done.stderr), (0, ''))


class MacOS(unittest.TestCase):
    """bumprun built with macOS's variable, and run here: what it would set there, and refuse."""

    def run_as(self, *words):
        return bumprun(*words, executable=Paths.as_macos)

    def test_protected_programs(self):
        for program in ('/usr/bin/env', 'ls', '/bin/sh'):
            done = self.run_as('--library', Paths.library, program)
            self.assertEqual((done.returncode, done.stdout), (125, ''), program)
            self.assertIn('System Integrity Protection', done.stderr)

    def test_scripts_through_env(self):
        with tempfile.TemporaryDirectory() as folder:
            mine = shutil.copy('/usr/bin/env', f'{folder}/mine')
            script = os.path.join(folder, 'script')
            with open(script, 'w', encoding='ascii') as file:
                file.write(f'#!/usr/bin/env {mine}\n')
            os.chmod(script, 0o755)
            self.assertIn('System Integrity Protection', self.run_as(script).stderr)

    def test_others_get_the_variable(self):
        with tempfile.TemporaryDirectory() as folder:
            env = shutil.copy('/usr/bin/env', folder)
            done = self.run_as('--library', Paths.library, env)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn(f'DYLD_INSERT_LIBRARIES={os.path.realpath(Paths.library)}\n', done.stdout)
        self.assertNotIn('LD_PRELOAD=', done.stdout.replace('DYLD_', ''))


class Compare(unittest.TestCase):
    BURN = ['perl', '-e', 'my %h; $h{$_} = [$_] for 1 .. 20000']

    def test_table(self):
        done = bumprun('compare', '--rounds', '2', '--only', 'glibc,bumpalloc', *self.BURN)
        self.assertEqual(done.returncode, 0, done)
        lines = done.stdout.split('\n')
        self.assertRegex(lines[1], r'^glibc +[\d.]+ +1\.00 ')
        self.assertRegex(lines[2], r'^bumpalloc +[\d.]+ +[\d.]+ ')
        self.assertRegex(done.stdout, r'libbumpalloc against glibc: processor time.*; memory.*2 rounds')

    def test_json_is_what_was_measured(self):
        done = bumprun('compare', '--rounds', '3', '--json', '--only', 'glibc,bumpalloc',
                       'sh', '-c', 'sleep 0.2')
        rows = json.loads(done.stdout)['allocators']
        self.assertEqual([row['name'] for row in rows], ['glibc', 'bumpalloc'])
        for row in rows:
            self.assertGreater(row['seconds'], 0.2)
            self.assertLess(row['cpu_seconds'], 0.2)
            self.assertEqual(row['status'], 0)
        self.assertEqual(rows[0]['seconds_ratio'], 1)

    def test_each_runs_under_its_own_allocator_in_turn(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, 'log')
            bumprun('compare', '--rounds', '2', '--only', 'glibc,bumpalloc', 'sh', '-c',
                    f'echo "<$LD_PRELOAD>" >> {log}')
            with open(log, encoding='utf-8') as file:
                lines = file.read().split()
        ours = f'<{os.path.realpath(Paths.library)}>'
        self.assertEqual(lines, ['<>', ours, ours, '<>', '<>', ours])

    def test_peak_memory_is_the_programs(self):
        done = bumprun('compare', '--rounds', '1', '--json', '--only', 'glibc,bumpalloc',
                       sys.executable, '-c', 'bytearray(200 << 20)')
        for row in json.loads(done.stdout)['allocators']:
            self.assertAlmostEqual(row['peak_bytes'], 210 << 20, delta=20 << 20)

    def test_another_outcome_is_said(self):
        done = bumprun('compare', '--rounds', '1', '--only', 'glibc,bumpalloc', 'sh', '-c',
                       'test -z "$LD_PRELOAD"')
        self.assertEqual(done.returncode, 1)
        self.assertIn('under bumpalloc it ended with status 1, not 0', done.stderr)

    def test_input(self):
        done = bumprun('compare', '--rounds', '1', '--output', '--only', 'bumpalloc', '--input',
                       __file__, 'head', '-n', '1')
        self.assertEqual(done.stdout.count('SPDX-License-Identifier'), 2)

    def test_bad_usage(self):
        for arguments, status in ((['--only', 'nosuch', 'true'], 2), (['--rounds', '0', 'true'], 2),
                                  ([], 2), (['--with', 'x=/no/library', 'true'], 125)):
            self.assertEqual(bumprun('compare', *arguments).returncode, status, arguments)


if __name__ == '__main__':
    main()
