# SPDX-License-Identifier: MIT
"""tools/run in a copy of the tree, from its first build on, and the counting of tools/check."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, WITNESS = (os.path.realpath(path) for path in sys.argv[1:3])
RUN_NEEDS = ['src', 'include', 'tools', 'meson.build', 'meson_options.txt']


def clean_environment(**more):
    dropped = ('LD_PRELOAD', 'LD_LIBRARY_PATH', 'MALLOC_PERTURB_')
    return {**{k: v for k, v in os.environ.items() if k not in dropped}, **more}


class RunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.realpath(tempfile.mkdtemp(prefix='bump-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name in RUN_NEEDS:
            path, copy = os.path.join(SOURCE, name), os.path.join(cls.folder, name)
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, copy)
        cls.library = os.path.join(cls.folder, 'build-run', 'libbumpalloc.so')
        # Two at once: one builds, the other waits for it. No other process may see the witness.
        cls.log = os.path.join(cls.folder, 'witness')
        cls.first = [cls.begin('sh', '-c', 'echo $LD_PRELOAD; exit 7',
                               LD_PRELOAD=WITNESS, WITNESS_LOG=cls.log) for _ in range(2)]
        cls.outputs = [process.communicate() for process in cls.first]

    @classmethod
    def begin(cls, *words, stdin=None, **environment):
        return subprocess.Popen(
            [os.path.join(cls.folder, 'tools', 'run'), *words], text=True, cwd='/usr',
            stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(**environment))

    def run_tool(self, *words, given=None):
        process = self.begin(*words, stdin=subprocess.PIPE if given else None)
        out, err = process.communicate(given)
        return process.returncode, out, err

    def test_first_use_builds_once(self):
        for process, (out, err) in zip(self.first, self.outputs):
            self.assertEqual(process.returncode, 7, err)
            self.assertEqual(out, f'{self.library}:{WITNESS}\n')
        said = ''.join(err for _, err in self.outputs)
        self.assertEqual(said.count('building the library'), 1, said)

    def test_nothing_else_is_preloaded(self):
        with open(self.log) as file:
            lines = file.read().split()
        shell = os.path.realpath('/bin/sh')
        self.assertEqual(set(lines[0::2]), {shell}, 'a build ran under a preload')
        self.assertIn(self.library, lines[1::2])

    def test_passes_everything_through(self):
        self.assertEqual(self.run_tool('cat', '-', given='text\n'), (0, 'text\n', ''))
        self.assertEqual(self.run_tool('pwd'), (0, '/usr\n', ''))
        self.assertEqual(self.run_tool('sh', '-c', 'echo e >&2; exit 200'), (200, '', 'e\n'))
        self.assertEqual(self.run_tool('sh', '-c', 'kill -TERM $$')[0], -15)
        self.assertEqual(self.run_tool('printf', '%s|', 'a b', '*', ''), (0, 'a b|*||', ''))

    def test_wrong_use(self):
        self.assertEqual(self.run_tool('no-such-program')[:2], (127, ''))
        for words in ([], [''], ['--no-such-option']):
            self.assertEqual(self.run_tool(*words)[:2], (2, ''), words)

    def test_tells_about_itself(self):
        status, out, err = self.run_tool('--help')
        self.assertEqual((status, out.startswith('usage: tools/run PROGRAM'), err), (0, True, ''))
        self.assertRegex(self.run_tool('--version')[1], r'^libbumpalloc \d+\.\d+\.\d+\n$')

    def test_rebuilds_and_reports_errors(self):
        path = os.path.join(self.folder, 'src', 'base', 'base.c')
        with open(path) as file:
            original = file.read()
        self.rewrite(path, original + '\nextern int bp_more;\nint bp_more;\n')
        status, out, err = self.run_tool('echo', 'x')
        self.assertEqual((status, out), (0, 'x\n'), err)
        self.assertIn('rebuilt', err)
        self.rewrite(path, original + '\nint int;\n')
        status, out, err = self.run_tool('echo', 'x')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('error:', err)
        self.rewrite(path, original)
        self.assertEqual(self.run_tool('echo', 'x')[:2], (0, 'x\n'))

    def rewrite(self, path, text):
        with open(path, 'w') as file:
            file.write(text)


class ReportTest(unittest.TestCase):
    def count(self, lines):
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write('\n'.join(lines))
            file.flush()
            done = subprocess.run(
                [sys.executable, os.path.join(SOURCE, 'tools', 'check_report.py'), file.name],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        return done.stdout, done.stderr

    def test_counts_every_result(self):
        results = ['OK', 'OK', 'OK', 'EXPECTEDFAIL', 'SKIP', 'SKIP', 'FAIL', 'TIMEOUT', 'ERROR',
                   'UNEXPECTEDPASS', 'INTERRUPT', 'unheard of']
        out, err = self.count(json.dumps({'name': f'n{i}', 'result': result, 'stdout': f'line {i}'})
                              for i, result in enumerate(results))
        self.assertEqual(out, '4 6 2\n')
        self.assertIn('skipped n4: line 4', err)
        self.assertIn('line 6', err)
        self.assertNotIn('line 0', err)

    def test_no_log_is_no_pass(self):
        self.assertEqual(self.count([])[0], '0 0 0\n')
        self.assertEqual(self.count(['not json'])[0], '0 0 0\n')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
