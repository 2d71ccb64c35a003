# SPDX-License-Identifier: MIT
"""One run of one workload under one allocator."""
import contextlib
import ctypes
import hashlib
import os
import re
import signal
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

TIMEOUT_S = 300
SERVER_START_S = 20
SAMPLE_S = 0.02
PR_SET_CHILD_SUBREAPER = 36

# The program is the shell's child in the background; it starts when the gate, fd 4, is closed. By
# then the shell has ended, and this process has adopted the child: see Program.
SPAWN = """cd "$1" && preload=$2 && shift 2 && {
    { read -r _ <&4; export LD_PRELOAD="$preload"; exec "$@" 3>&- 4>&-; } &
    echo $! >&3
}"""


@dataclass
class Job:
    """A command, and how to tell that its output is right.

    A server is loaded by another command, which runs without the library, as does `verify`; CPU,
    memory and faults are those of `command` alone.
    """
    command: list
    folder: str = '.'
    environment: dict = field(default_factory=dict)
    hashed: bool = False  # the checksum is that of the output, not a line in it
    load: list = None  # started when `socket` is there; the output that counts is the load's
    socket: str = None
    verify: list = None  # run afterwards; the output that counts is this one's
    own_malloc: bool = False  # linked with a malloc: glibc's has to be put in front of it


@dataclass
class Run:
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_kib: int = 0
    minor_faults: int = 0
    major_faults: int = 0
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    status: str = 'ok'  # or what went wrong
    checksum: str = ''
    values: dict = field(default_factory=dict)  # the workload's own "key value" lines
    samples: list = field(default_factory=list)  # (seconds, RSS KiB, live KiB)


def environment(job, live_file=None):
    env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
    env['PYTHONMALLOC'] = 'malloc'  # or Python's own pools hide the allocator
    if live_file:
        env['BENCH_LIVE'] = live_file
    return {**env, **job.environment}


def resident_kib(pid):
    try:
        with open(f'/proc/{pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024
    except (OSError, IndexError):
        return None


def live_kib(live):
    live.seek(0)
    return struct.unpack('=Q', live.read(8))[0] // 1024


class Program:
    """The program that is measured: a process group of its own.

    Its ru_maxrss starts with the peak RSS of whoever forked it, which for this interpreter is more
    than many programs need. So a small shell forks it, and this process adopts it.
    """

    def __init__(self, job, preload, env, out, err):
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise SystemExit(f'bench: prctl: {os.strerror(ctypes.get_errno())}')
        told, tell = os.pipe()
        gate, self.gate = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, mine, its) for mine, its in
                   ((out.fileno(), 1), (err.fileno(), 2), (tell, 3), (gate, 4))]
        words = ['sh', '-c', SPAWN, 'sh', job.folder, preload, *job.command]
        self.group = os.posix_spawn('/bin/sh', words, env, file_actions=actions, setpgroup=0)
        os.close(tell)
        os.close(gate)
        with open(told, encoding='ascii') as pipe:
            self.pid = int(pipe.readline())
        os.waitpid(self.group, 0)
        self.timed_out = False

    def start(self):
        os.close(self.gate)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)

    def time_out(self):
        self.timed_out = True
        self.kill()

    def wait(self, live, run, started):
        """Its status and usage; samples it meanwhile if `live` is open."""
        timer = threading.Timer(TIMEOUT_S, self.time_out)
        timer.start()
        try:
            while True:
                done, status, usage = os.wait4(self.pid, os.WNOHANG if live else 0)
                if done:
                    return status, usage
                resident = resident_kib(self.pid)
                if resident:
                    now = round(time.perf_counter() - started, 3)
                    run.samples.append((now, resident, live_kib(live)))
                time.sleep(SAMPLE_S)
        finally:
            timer.cancel()
            self.kill()


class Failed(Exception):
    """A command that is not measured did not do its part."""


def last_line(text):
    lines = text.decode(errors='replace').splitlines()
    return f': {lines[-1][:120]}' if lines else ''


def output(command, job):
    """What a command prints, without any library; it has to succeed."""
    try:
        done = subprocess.run(command, cwd=job.folder, env=environment(job), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if done.returncode:
        raise Failed(f'{command[0]}: exit {done.returncode}{last_line(done.stderr)}')
    return done.stdout


class Load(threading.Thread):
    """Loads a server, then ends it."""

    def __init__(self, job, server):
        super().__init__()
        self.job, self.server = job, server
        self.out, self.problem = b'', None

    def run(self):
        try:
            if self.ready():
                self.out = output(self.job.load, self.job)
        except Failed as error:
            self.problem = f'load: {error}'
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.server.pid, signal.SIGTERM)

    def ready(self):
        path = os.path.join(self.job.folder, self.job.socket)
        for _ in range(SERVER_START_S * 50):
            if os.path.exists(path):
                return True
            if resident_kib(self.server.pid) in (None, 0):
                return False  # it has ended, which its status tells
            time.sleep(0.02)
        self.problem = 'the server does not start'
        return False


def outcome(job, program, status, err):
    """What went wrong with the program, or 'ok'."""
    if program.timed_out:
        return f'still running after {TIMEOUT_S} s'
    err.seek(0)
    last = last_line(err.read())
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return 'ok' if job.load and number == signal.SIGTERM else f'signal {number}{last}'
    return f'exit {os.WEXITSTATUS(status)}{last}' if os.WEXITSTATUS(status) else 'ok'


def account(run, usage):
    run.cpu_s = usage.ru_utime + usage.ru_stime
    run.peak_kib = usage.ru_maxrss
    run.minor_faults, run.major_faults = usage.ru_minflt, usage.ru_majflt
    run.voluntary_switches, run.involuntary_switches = usage.ru_nvcsw, usage.ru_nivcsw


def judge(run, job, text):
    """The checksum of what the program printed."""
    if job.verify:
        try:
            text = output(job.verify, job)
        except Failed as error:
            run.status = f'wrong result: {error}'
            return
    if job.hashed:
        run.checksum = hashlib.sha256(text).hexdigest()[:16] if text else ''
    else:
        lines = text.decode(errors='replace')
        run.values = dict(re.findall(r'^(\w+) (-?[0-9.]+|[0-9a-f]{16})$', lines, re.M))
        run.checksum = run.values.pop('checksum', '')
    if not run.checksum:
        run.status = 'no checksum'


def remove_socket(job):
    if job.socket:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(job.folder, job.socket))


def measure(job, library, sampled):
    """Runs the job; with `sampled`, RSS and live bytes are watched."""
    run = Run()
    preload = library or ('libc.so.6' if job.own_malloc else '')
    remove_socket(job)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
            tempfile.NamedTemporaryFile() as live:
        live.write(bytes(8))
        live.flush()
        program = Program(job, preload, environment(job, live.name if sampled else None), out, err)
        started = time.perf_counter()
        program.start()
        load = Load(job, program) if job.load else None
        if load:
            load.start()
        status, usage = program.wait(live if sampled else None, run, started)
        run.wall_s = time.perf_counter() - started
        account(run, usage)
        run.status = outcome(job, program, status, err)
        if load:
            load.join()
            if run.status == 'ok' and load.problem:
                run.status = load.problem
        if run.status == 'ok':
            out.seek(0)
            judge(run, job, load.out if load else out.read())
    return run
