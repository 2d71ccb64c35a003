# SPDX-License-Identifier: MIT
"""Servers whose memory runs out: they get ENOMEM, refuse what does not fit, keep what they have, and
serve again when some of it is freed.

usage: shedding.py LIBRARY store|redis as|limit

  store   a key-value server in Python, here below, whose MemoryError is an answer
  redis   redis-server, whose Lua scripts answer an error when memory runs out; skipped if absent
  as      under ulimit -v
  limit   under BUMPALLOC_LIMIT
"""
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
ADDRESS_MIB = 400
LIMIT_MIB = 128
CYCLES = 3
VALUE_SIZES = (3000, 70000, 1 << 20, 5 << 20)


# --- the store: one request a line; SET key size seed, CHECK key, DEL key, PING ---

def pattern(size, seed):
    return (f'{seed}.' * (size // (len(str(seed)) + 1) + 1))[:size].encode()


def answer(store, words):
    if words[0] == 'SET':
        store[words[1]] = (pattern(int(words[2]), words[3]), words[3])
        return 'OK'
    if words[0] == 'CHECK':
        value, seed = store[words[1]]
        part = pattern(1000 * (len(seed) + 1), seed)
        same = (value.startswith(part[:len(value) - at], at)
                for at in range(0, len(value), len(part)))
        return 'OK' if all(same) else 'WRONG'
    if words[0] == 'DEL':
        del store[words[1]]
    return 'OK'


def serve(path):
    store = {}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        link, _ = server.accept()
        with link, link.makefile('rw') as lines:
            reserve = bytearray(MIB)  # given up when memory runs out, so that there is some to go on
            for line in lines:
                try:
                    reply = answer(store, line.split())
                    if line.startswith('SET'):  # nothing else needs more than what is left of it
                        reserve = reserve or bytearray(MIB)
                except MemoryError:
                    reserve = None
                    reply = 'FULL'
                lines.write(reply + '\n')
                lines.flush()


# --- how a server is started and asked ---

class Server:
    def __init__(self, command, library, kind, folder):
        environment = dict(os.environ, LD_PRELOAD=library, PYTHONMALLOC='malloc')
        if kind == 'limit':
            environment['BUMPALLOC_LIMIT'] = f'{LIMIT_MIB}M'
        self.path = os.path.join(folder, 'socket')
        self.process = subprocess.Popen(command + [self.path], env=environment, cwd=folder,
                                        stdout=subprocess.DEVNULL,
                                        preexec_fn=self.limit if kind == 'as' else None)
        self.link = self.connect()
        self.lines = self.link.makefile('rw', newline='\n')

    @staticmethod
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_MIB * MIB, ADDRESS_MIB * MIB))

    def connect(self):
        for _ in range(600):
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(60)
            try:
                link.connect(self.path)
                return link
            except OSError:
                link.close()
                if self.process.poll() is not None:
                    sys.exit(f'the server ended with status {self.process.returncode}')
                time.sleep(0.05)
        sys.exit('the server does not answer')

    def ask(self, line):
        self.lines.write(line + '\n')
        self.lines.flush()
        reply = self.lines.readline().strip()
        if not reply:
            sys.exit(f'the server fell silent at {line[:60]!r}: status {self.process.wait(30)}')
        return reply

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.link.close()
        self.process.wait(30)


def expect(actual, expected, what):
    if actual != expected:
        sys.exit(f'{what}: expected {expected!r}, actual {actual!r}')


# --- the tests ---

def fill(server, cycle):
    """Values of all sizes until one does not fit, of each size; returns bytes by key."""
    stored = {}
    for size in VALUE_SIZES[::-1]:
        for i in range(100000):
            key = f'{cycle}.{size}.{i}'
            reply = server.ask(f'SET {key} {size} {i}')
            if reply == 'FULL':
                break
            expect(reply, 'OK', f'SET {key}')
            stored[key] = size
    return stored


def check_cycle(server, cycle):
    """Fills it, looks, and empties it; returns how many bytes it held."""
    stored = fill(server, cycle)
    held = sum(stored.values())
    expect(server.ask('PING'), 'OK', 'PING of a full server')
    last = list(stored)[-1]  # to check takes a little memory too
    for key in {next(iter(stored)), last}:
        expect(server.ask(f'DEL {key}'), 'OK', f'DEL {key} of a full server')
        del stored[key]
    for key in list(stored)[::7]:
        expect(server.ask(f'CHECK {key}'), 'OK', f'value {key} of a full server')
    for key in stored:
        expect(server.ask(f'DEL {key}'), 'OK', f'DEL {key}')
    return held


def check_store(library, kind, folder):
    command = [sys.executable, os.path.abspath(__file__), '--serve']
    with Server(command, library, kind, folder) as server:
        held = [check_cycle(server, cycle) for cycle in range(CYCLES)]
    print('MiB held when full:', *[n // MIB for n in held])
    if min(held) < 30 * MIB or min(held) < 0.8 * max(held):
        sys.exit('what fits differs from cycle to cycle')


def script(doublings):
    """Asks for the length of a string that is doubled so often."""
    return f'EVAL "local s = \'x\' for i = 1, {doublings} do s = s .. s end return #s" 0'


def check_redis(library, kind, folder):
    binary = shutil.which('redis-server') or shutil.which('redis-check-rdb')
    if not binary:
        print('skipped: no redis-server')
        sys.exit(77)
    redis = ['--port', '0', '--save', '', '--appendonly', 'no',
             '--enable-debug-command', 'yes', '--logfile', os.path.join(folder, 'log'),
             '--unixsocket']
    shim = os.path.join(folder, 'redis-server')
    os.symlink(os.path.realpath(binary), shim)
    with Server([shim] + redis, library, kind, folder) as server:
        refused = run_scripts(server)
    print(refused, 'scripts were refused')
    if refused < CYCLES:
        sys.exit('memory never ran out')


def run_scripts(server):
    """How many scripts found no memory; the data stays as it was."""
    for i in range(2000):
        expect(server.ask(f'SET key{i} {"v" * (i % 900 + 1)}'), '+OK', 'SET')
    digest = server.ask('DEBUG DIGEST')
    refused = 0
    for _ in range(CYCLES):
        for doublings in range(20, 31):
            reply = server.ask(script(doublings))
            refused += 'not enough memory' in reply
            if 'not enough memory' not in reply:
                expect(reply, f':{1 << doublings}', f'a string of 2^{doublings} bytes')
        expect(server.ask('PING'), '+PONG', 'PING')
        expect(server.ask(script(22)), f':{4 * MIB}', 'a script that fits')
        expect(server.ask('DEBUG DIGEST'), digest, 'the data')
    return refused


def main():
    if sys.argv[1:2] == ['--serve']:
        return serve(sys.argv[2])
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        check = check_redis if sys.argv[2] == 'redis' else check_store
        check(os.path.abspath(sys.argv[1]), sys.argv[3], folder)


if __name__ == '__main__':
    main()
