# SPDX-License-Identifier: MIT
"""One workload, briefly, with and without the library: it must run, and agree with itself.

usage: smoke.py WORKLOAD LIBRARY [OPTION...]
"""
import os
import re
import subprocess
import sys


def output(workload, library, options):
    env = dict(os.environ)
    env.pop('LD_PRELOAD', None)
    if library:
        env['LD_PRELOAD'] = library
    done = subprocess.run([workload, '--quick', *options], env=env, capture_output=True, text=True)
    if done.returncode or done.stderr:
        sys.exit(f'{workload} under {library or "libc"}: status {done.returncode}\n{done.stderr}')
    return done.stdout


def checksum(text):
    found = re.search(r'^checksum ([0-9a-f]{16})$', text, re.M)
    if not found or int(found.group(1), 16) == 0:
        sys.exit(f'no checksum in:\n{text}')
    return found.group(1)


def main():
    workload, library, options = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    ours, theirs = output(workload, library, options), output(workload, None, options)
    if checksum(ours) != checksum(theirs):
        sys.exit(f'checksums differ:\n{ours}\n{theirs}')


main()
