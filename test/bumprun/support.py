# SPDX-License-Identifier: MIT
"""What the tests of bumprun share: where things are, and a process that holds what it is told."""
import argparse
import json
import os
import signal
import subprocess
import sys
import unittest


class Paths:
    """Filled from the command line by main()."""
    bumprun = library = held = static = source = exporter = musl = conf = held_static = as_macos = None


def bumprun(*arguments, **keywords):
    keywords = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True, 'timeout': 60,
                'stdin': subprocess.DEVNULL, 'check': False, **keywords}
    return subprocess.run([Paths.bumprun, *map(str, arguments)], **keywords)


def without_options():
    """The environment, but for what would change the library's behaviour."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith('BUMPALLOC_') and name != 'LD_PRELOAD'}


def default_signals():
    """What nohup and shells' background jobs ignore is handed on to programs, and is not theirs."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Held:
    """The program of held.c under the library; a context."""

    def __init__(self, preload=True, program=None, **options):
        environment = without_options()
        if preload:
            environment['LD_PRELOAD'] = Paths.library
        environment.update({f'BUMPALLOC_{name}': str(value) for name, value in options.items()})
        self.process = subprocess.Popen([program or Paths.held], env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=default_signals)

    def __enter__(self):
        self.tell('about')
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    @property
    def pid(self):
        return self.process.pid

    def tell(self, command):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        """Ends it in order; what it said on stderr."""
        return self.process.communicate('end\n', timeout=30)[1]

    def dump(self):
        done = bumprun('dump', '--json', self.pid)
        if done.returncode:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)


def class_of(dump, size):
    """The row of the size class that serves a size."""
    return min((row for row in dump['classes'] if row['object_bytes'] >= size),
               key=lambda row: row['object_bytes'])


def main():
    parser = argparse.ArgumentParser(description='Runs the tests of one module.')
    for name in ('bumprun', 'library', 'held', 'static', 'source', 'exporter', 'musl', 'conf',
                 'held-static', 'as-macos'):
        parser.add_argument(f'--{name}', required=True)
    options, rest = parser.parse_known_args()
    for name, value in vars(options).items():
        setattr(Paths, name, os.path.abspath(value))
    os.environ.update(without_options())
    os.environ.pop('LD_PRELOAD', None)
    for name in [name for name in os.environ if name.startswith('BUMPALLOC_')]:
        del os.environ[name]
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
