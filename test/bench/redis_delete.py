#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What redis-server keeps after nine tenths of its keys are deleted at random.

150,000 keys, whose values are set four times, each time with other sizes; then 90% of them are
deleted. Prints RSS after each phase, after the deletion, and three seconds later, in MiB.
Debian's redis-server is linked with jemalloc: that is what runs as "glibc" (no preload).
"""
import argparse
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', '..', 'tools'))
from benchlib import allocators  # noqa: E402

KEYS, BATCH = 150000, 500
PHASES = ((20, 200), (200, 600), (600, 1500), (50, 3000))


class Redis:
    def __init__(self, library, folder):
        path = os.path.join(folder, 'socket')
        env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
        if library:
            env['LD_PRELOAD'] = library
        self.server = subprocess.Popen(
            ['redis-server', '--port', '0', '--unixsocket', path, '--save', '', '--dir', folder],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.exists(path):
                break
            time.sleep(0.05)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile('rb')

    def call(self, commands):
        parts = []
        for words in commands:
            parts.append(b'*%d\r\n' % len(words))
            parts += [b'$%d\r\n%s\r\n' % (len(word), word) for word in words]
        self.socket.sendall(b''.join(parts))
        for _ in commands:
            if self.answers.readline().startswith(b'-'):
                sys.exit('redis_delete: redis-server refused a command')

    def rss_mib(self):
        with open(f'/proc/{self.server.pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') >> 20

    def stop(self):
        self.server.kill()
        self.server.wait()


def measure(library):
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(library, folder)
        try:
            phases = []
            for low, high in PHASES:
                for _ in range(0, KEYS, BATCH):
                    redis.call([[b'SET', b'k%d' % rng.randrange(KEYS),
                                 b'x' * rng.randrange(low, high)] for _ in range(BATCH)])
                phases.append(redis.rss_mib())
            order = list(range(KEYS))
            rng.shuffle(order)
            for i in range(0, KEYS * 9 // 10, BATCH):
                redis.call([[b'DEL', b'k%d' % key] for key in order[i:i + BATCH]])
            after = redis.rss_mib()
            time.sleep(3)
            return phases, after, redis.rss_mib()
        finally:
            redis.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--lib', metavar='NAME|PATH|NAME=PATH,...', help='default: all installed')
    parser.add_argument('--build', default='build', help='meson build directory (build)')
    args = parser.parse_args()
    if not shutil.which('redis-server'):
        sys.exit('redis_delete: redis-server is not installed (apt install redis-server)')
    words = args.lib.split(',') if args.lib else []
    found = [allocators.resolve(word, args.build) for word in words]
    for name, path in found or allocators.default(args.build):
        phases, after, later = measure(path)
        print(f'{name:<10} phases {phases}, 90% deleted {after}, 3 s later {later} MiB', flush=True)


main()
