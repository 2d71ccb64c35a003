# SPDX-License-Identifier: MIT
"""One run of one command, with everything that it starts.

This process adopts what its descendants leave behind, so that servers are counted and ended too.
setsid stands between: a program's ru_maxrss starts with that of whoever forked it, and this
interpreter is larger than many programs.
"""
import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field

PR_SET_CHILD_SUBREAPER = 36
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}
GRACE_S = 5


@dataclass
class Run:
    status: int = 0  # negative: a signal
    timed_out: bool = False
    left_behind: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_kib: int = 0  # of the largest process
    crashes: list = field(default_factory=list)  # signals of adopted processes
    out: str = ''  # files
    err: str = ''
    witness: str = ''

    def verdict(self):
        return 'timed out' if self.timed_out else str(self.status)


def adopt():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl')


def children(parent):
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open(f'/proc/{name}/stat', encoding='ascii', errors='replace') as file:
                    state, ppid = file.read().rsplit(')', 1)[1].split()[:2]
            except OSError:
                continue
            if int(ppid) == parent and state != 'Z':
                yield int(name)


def descendants(parent):
    found, front = [], [parent]
    while front:
        front = [child for pid in front for child in children(pid)]
        found += front
    return found


def kill_all(number):
    for pid in descendants(os.getpid()):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def account(run, status, usage):
    run.cpu_s += usage.ru_utime + usage.ru_stime
    run.peak_kib = max(run.peak_kib, usage.ru_maxrss)
    return os.waitstatus_to_exitcode(status)


def reap(run, main):
    """Takes in who has ended. The main program's status, or None if it is still running."""
    ended = None
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = account(run, status, usage)
        if pid == main:
            ended = code
        elif -code in CRASHES:
            run.crashes.append(-code)


def end_rest(run):
    """Ends what the program has left running, and says how many processes that were."""
    run.left_behind = len(descendants(os.getpid()))
    for number, seconds in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        end = time.monotonic() + seconds
        while descendants(os.getpid()) and time.monotonic() < end:
            kill_all(number)
            reap(run, None)
            time.sleep(0.05)
    reap(run, None)


def settle(prepare):
    """In the child: signals as a shell at a terminal leaves them, though this may run in the background."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    if prepare:
        prepare()


def start(command, folder, env, prepare, out, err):
    told, tell = os.pipe()
    words = ['setsid', '-f', 'sh', '-c', f'echo $$ >&{tell}; exec {tell}>&-; exec "$@"', 'sh', *command]
    with subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                          pass_fds=[tell], preexec_fn=lambda: settle(prepare)) as setsid:
        setsid.wait()
    os.close(tell)
    with open(told, encoding='ascii') as pipe:
        line = pipe.readline()
    if not line:
        raise OSError('the program could not be started')
    return int(line)


def wait(run, main, timeout):
    """Waits for the main program; sleeps are short at first, for programs that are."""
    begun = time.monotonic()
    pause = 0.001
    while True:
        code = reap(run, main)
        run.wall_s = time.monotonic() - begun
        if code is not None:
            return code
        if run.wall_s > timeout:
            run.timed_out = True
            kill_all(signal.SIGKILL)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def measure(command, folder, env, timeout, results, prepare=None):
    """Runs the command in folder; its output goes to files whose names start with results."""
    run = Run(out=results + '.out', err=results + '.err', witness=results + '.witness')
    adopt()
    with open(run.witness, 'wb') as log:
        os.fchmod(log.fileno(), 0o666)  # for those who give up root
    with open(run.out, 'wb') as out, open(run.err, 'wb') as err:
        main = start(command, folder, env, prepare, out, err)
        try:
            run.status = wait(run, main, timeout)
        finally:
            end_rest(run)
    return run
