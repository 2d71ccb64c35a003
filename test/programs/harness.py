# SPDX-License-Identifier: MIT
"""Runs the commands of a case twice, without and with the library, and compares what they did."""
import difflib
import filecmp
import fnmatch
import os
import shutil
import signal
import subprocess
import threading
import time

import modes

STANDARD_PATH = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
SKIP = 77
SHOWN_LINES = 20


class Skip(Exception):
    """A program that the case needs is not installed."""


class Broken(Exception):
    """The case cannot be judged: a command fails without the library, or never ends."""


def search_path():
    # A version manager's shims are scripts around the real program: a test wants the program.
    users = os.environ.get('PATH', '').split(':')
    extra = [d for d in users if d and d not in STANDARD_PATH and '/shims' not in d]
    return ':'.join(STANDARD_PATH + extra)


def find_program(*names):
    for name in names:
        path = shutil.which(name, path=search_path())
        if path:
            return path
    raise Skip(' or '.join(names) + ' is not installed')


def base_environment(home, temporary):
    environment = {k: v for k, v in os.environ.items() if k.startswith('BUMPALLOC_')}
    environment.update({
        'PATH': search_path(), 'HOME': home, 'TMPDIR': temporary, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
        'SOURCE_DATE_EPOCH': '1700000000', 'PYTHONHASHSEED': '0', 'PERL_HASH_SEED': '0',
        'PYTHONDONTWRITEBYTECODE': '1', 'GIT_CONFIG_NOSYSTEM': '1',
        'GIT_CONFIG_GLOBAL': '/dev/null',
    })
    return environment


def shorten(argv, width=70):
    words = ' '.join(argv).replace('\n', ' ')
    half = width // 2
    return words if len(words) <= width else words[:half] + ' ... ' + words[-half:]


class Step:
    """One command of a pass and its results."""

    def __init__(self, number, argv, folder):
        self.title = shorten([os.path.basename(argv[0]), *argv[1:]])
        self.out = os.path.join(folder, f'{number:03}.out')
        self.err = os.path.join(folder, f'{number:03}.err')
        self.status = None
        self.seconds = 0.0
        self.peak_kib = 0


class Server:
    """A program that runs beside the steps until it is stopped."""

    def __init__(self, step, process):
        self.step = step
        self.process = process
        self.begun = time.monotonic()

    def finish(self, timeout, title):
        expired = threading.Event()

        def expire():
            expired.set()
            os.killpg(self.process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, expire)
        timer.start()
        _, status, usage = os.wait4(self.process.pid, 0)
        timer.cancel()
        self.step.seconds = time.monotonic() - self.begun
        self.step.peak_kib = usage.ru_maxrss
        self.step.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        if expired.is_set():
            raise Broken(f'{title}: no end within {timeout} s: {self.step.title}')


class Run:
    """One pass over a case in fresh folders. The passes use the same paths, one after the other."""

    def __init__(self, title, root, tools, library=None, witness=None, mode=modes.MODES['plain']):
        self.title = title
        self.mode = mode
        self.root = root
        self.tools = tools
        self.library = library
        self.work = self.fresh('work')
        self.input = os.path.join(root, 'input')
        self.results = os.path.join(root, 'results-' + title.replace(' ', '-'))
        os.mkdir(self.results)
        self.environment = base_environment(self.fresh('home'), self.fresh('tmp'))
        self.witness_log = os.path.join(self.results, 'witness')
        self.steps = []
        self.servers = []
        self.expected = set()
        self.complaints = []
        if library:
            self.environment.update(mode.env)
            self.environment['LD_PRELOAD'] = f'{witness}:{library}'
            self.environment['WITNESS_LOG'] = self.witness_log

    def fresh(self, name):
        path = os.path.join(self.root, name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        return path

    def start(self, *argv, via=(), stdin=None, env=None, cwd=None, executable=None):
        """Starts a command. Its own program and those named in via must be seen by the witness."""
        step = Step(len(self.steps), argv, self.results)
        self.steps.append(step)
        executable = executable or find_program(argv[0])
        self.expected.add(program_name(executable))
        self.expected.update(program_name(find_program(name)) for name in via)
        with open(step.out, 'wb') as out, open(step.err, 'wb') as err:
            process = subprocess.Popen(
                argv, executable=executable, stdout=out, stderr=err, cwd=cwd or self.work,
                stdin=open(stdin, 'rb') if stdin else subprocess.DEVNULL,
                env={**self.environment, **(env or {})}, start_new_session=True,
                preexec_fn=self.mode.prepare)
        server = Server(step, process)
        self.servers.append(server)
        return server

    def stop(self, server, status=0, timeout=60):
        server.finish(timeout, self.title)
        self.servers.remove(server)
        if server.step.status != status and not self.library:
            raise Broken(f'{server.step.title}: status {server.step.status} without the library\n'
                         + tail(server.step.out) + tail(server.step.err))

    def cmd(self, *argv, status=0, timeout=120, **options):
        """Runs a command to its end and returns the file that holds its output."""
        server = self.start(*argv, **options)
        self.stop(server, status, timeout)
        return server.step.out

    def check(self, condition, complaint):
        """For what a case compares itself."""
        if not condition and not self.library:
            raise Broken(f'{complaint} without the library')
        if not condition:
            self.complaints.append(complaint)

    def cc1(self, compiler, name):
        """Expects a compiler's helper (cc1, as, ld ...) in the witness's log."""
        path = subprocess.run([find_program(compiler), '-print-prog-name=' + name], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()
        self.expected.add(program_name(path if '/' in path else find_program(path)))

    def close(self):
        for server in self.servers:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
        kept = os.path.join(self.root, 'files-' + self.title.replace(' ', '-'))
        os.rename(self.work, kept)
        self.work = kept


def program_name(path):
    # Wrappers in scripts run their interpreter: what the kernel executes is what the witness sees.
    path = os.path.realpath(path)
    with open(path, 'rb') as file:
        first = file.readline(200)
    if first.startswith(b'#!'):
        words = first[2:].decode().split()
        name = words[1] if os.path.basename(words[0]) == 'env' else words[0]
        return program_name(find_program(name))
    return path


def tail(path, lines=SHOWN_LINES):
    with open(path, errors='replace') as file:
        return ''.join(file.readlines()[-lines:])


def read_lines(path, order_matters):
    with open(path, errors='replace') as file:
        lines = file.read().splitlines()
    return lines if order_matters else sorted(lines)


def first_difference(plain, loaded):
    """A short diff; difflib is quadratic, so it only sees the surroundings of the first change."""
    at = next((i for i, (a, b) in enumerate(zip(plain, loaded)) if a != b),
              min(len(plain), len(loaded)))
    window = slice(max(at - 2, 0), at + 10)
    diff = difflib.unified_diff(plain[window], loaded[window], 'without', 'with', lineterm='')
    return '\n'.join(line[:200] for line in list(diff)[:SHOWN_LINES])


def compare_text(what, plain, loaded, order_matters=True):
    if filecmp.cmp(plain, loaded, shallow=False):
        return []
    a, b = read_lines(plain, order_matters), read_lines(loaded, order_matters)
    if a == b:
        return []
    return [f'{what} differs\n' + first_difference(a, b)]


def compare_steps(plain, loaded, order_matters):
    problems = []
    if len(plain.steps) != len(loaded.steps):
        problems.append(f'{len(plain.steps)} commands without, {len(loaded.steps)} with')
    for a, b in zip(plain.steps, loaded.steps):
        if a.status != b.status:
            problems.append(f'{a.title}: exit status {a.status} without, {b.status} with\n'
                            + tail(b.err))
        problems += compare_text(f'{a.title}: output', a.out, b.out, order_matters)
        problems += compare_text(f'{a.title}: stderr', a.err, b.err, order_matters)
    return problems


def file_list(folder, ignore):
    found = set()
    for where, folders, files in os.walk(folder):
        for name in files + [d for d in folders if os.path.islink(os.path.join(where, d))]:
            path = os.path.relpath(os.path.join(where, name), folder)
            if not any(fnmatch.fnmatch(path, pattern) for pattern in ignore):
                found.add(path)
    return found


def same_file(a, b):
    if os.path.islink(a) or os.path.islink(b):
        return os.path.islink(a) and os.path.islink(b) and os.readlink(a) == os.readlink(b)
    return filecmp.cmp(a, b, shallow=False)


def compare_files(plain, loaded, ignore):
    a, b = file_list(plain.work, ignore), file_list(loaded.work, ignore)
    problems = [f'file {path} only without the library' for path in sorted(a - b)]
    problems += [f'file {path} only with the library' for path in sorted(b - a)]
    for path in sorted(a & b):
        if not same_file(os.path.join(plain.work, path), os.path.join(loaded.work, path)):
            problems.append(f'file {path} differs')
    return problems[:SHOWN_LINES]


def check_witness(loaded):
    """Every process that ran must have had the library's malloc, and the named ones did run."""
    wanted = os.path.realpath(loaded.library)
    seen, problems = set(), []
    lines = []
    if os.path.exists(loaded.witness_log):
        lines = read_lines(loaded.witness_log, True)
    for exe, owner in sorted({tuple(line.split('\t')) for line in lines}):
        if os.path.realpath(owner) == wanted:
            seen.add(os.path.realpath(exe))
        else:
            problems.append(f'{exe}: malloc came from {owner}, not from the library')
    problems += [f'{exe}: never seen with the library\'s malloc'
                 for exe in sorted(loaded.expected - seen)]
    return problems, len(lines)


def timing_table(plain, loaded):
    """Time and peak memory of the commands that take long enough to tell."""
    def row(a_seconds, a_kib, b_seconds, b_kib, title):
        return (f'{a_seconds:6.2f} s {a_kib / 1024:4.0f} M {b_seconds:7.2f} s '
                f'{b_kib / 1024:4.0f} M  {title}')

    yield f'{"without":>15} {"with":>17}'
    pairs = list(zip(plain.steps, loaded.steps))
    for a, b in pairs:
        if max(a.seconds, b.seconds) >= 0.2:
            yield row(a.seconds, a.peak_kib, b.seconds, b.peak_kib, a.title)
    yield row(sum(a.seconds for a, _ in pairs), max(a.peak_kib for a, _ in pairs),
              sum(b.seconds for _, b in pairs), max(b.peak_kib for _, b in pairs), 'in all')


def judge(case, plain, loaded):
    problems, processes = check_witness(loaded)
    problems += compare_steps(plain, loaded, case.order_matters)
    problems += loaded.complaints + compare_files(plain, loaded, case.ignore)
    print('\n'.join(timing_table(plain, loaded)))
    files = len(file_list(loaded.work, case.ignore))
    print(f'{processes} processes under the library, {len(loaded.steps)} commands and '
          f'{files} files compared')
    return problems
