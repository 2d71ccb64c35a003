# SPDX-License-Identifier: MIT
"""One run of one workload under one allocator."""
import os
import re
import struct
import tempfile
import time
from dataclasses import dataclass, field

TIMEOUT_S = 300
SAMPLE_S = 0.02


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


def environment(library, live_file):
    env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
    if library:
        env['LD_PRELOAD'] = library
    env['PYTHONMALLOC'] = 'malloc'  # or Python's own pools hide the allocator
    if live_file:
        env['BENCH_LIVE'] = live_file
    return env


def resident_kib(pid):
    try:
        with open(f'/proc/{pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024
    except (OSError, IndexError):
        return None


def live_kib(live):
    live.seek(0)
    return struct.unpack('=Q', live.read(8))[0] // 1024


def watch(pid, live, run, started):
    """Waits for the process; samples it meanwhile if `live` is open."""
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG if live else 0)
        if done:
            return status, usage
        now = time.perf_counter() - started
        resident = resident_kib(pid)
        if resident:
            run.samples.append((round(now, 3), resident, live_kib(live)))
        if now > TIMEOUT_S:
            os.kill(pid, 9)
        time.sleep(SAMPLE_S)


def spawn(command, env, out):
    actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)]
    return os.posix_spawnp(command[0], command, env, file_actions=actions)


def settle(run, status, usage, text):
    if os.WIFSIGNALED(status):
        run.status = f'signal {os.WTERMSIG(status)}'
    elif os.WEXITSTATUS(status):
        run.status = f'exit {os.WEXITSTATUS(status)}'
    run.cpu_s = usage.ru_utime + usage.ru_stime
    run.peak_kib = usage.ru_maxrss
    run.minor_faults, run.major_faults = usage.ru_minflt, usage.ru_majflt
    run.voluntary_switches, run.involuntary_switches = usage.ru_nvcsw, usage.ru_nivcsw
    run.values = dict(re.findall(r'^(\w+) (-?[0-9.]+|[0-9a-f]{16})$', text, re.M))
    run.checksum = run.values.pop('checksum', '')
    if run.status == 'ok' and not run.checksum:
        run.status = 'no checksum'


def measure(command, library, sampled):
    """Runs the command; with `sampled`, RSS and live bytes are watched."""
    run = Run()
    with tempfile.TemporaryFile('w+') as out, tempfile.NamedTemporaryFile() as live:
        live.write(bytes(8))
        live.flush()
        started = time.perf_counter()
        pid = spawn(command, environment(library, live.name if sampled else None), out)
        status, usage = watch(pid, live if sampled else None, run, started)
        run.wall_s = time.perf_counter() - started
        out.seek(0)
        settle(run, status, usage, out.read())
    return run
