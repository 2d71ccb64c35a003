# SPDX-License-Identifier: MIT
"""Which allocators there are on this machine, and what to preload for each."""
import glob
import os
import subprocess

from . import UsageError

DIRECTORIES = ('/usr/local/lib', '/usr/lib/*-linux-gnu', '/usr/lib64', '/usr/lib')
PATTERNS = {
    'mimalloc': 'libmimalloc.so*',
    'jemalloc': 'libjemalloc.so*',
    'tcmalloc': 'libtcmalloc_minimal.so*',
    'snmalloc': 'libsnmalloc*shim*.so*',
    'rpmalloc': 'librpmalloc*.so*',
}


def installed(name):
    """The library of a peer, or None."""
    for directory in DIRECTORIES:
        found = sorted(glob.glob(os.path.join(directory, PATTERNS[name])))
        if found:
            return found[-1]
    return None


def ours(build):
    path = os.path.abspath(os.path.join(build, 'src', 'libbumpalloc.so'))
    if not os.path.exists(path):
        raise UsageError(f'{path} is not there: build first, or say --build DIR')
    return path


def resolve(word, build):
    """One word of --lib as (name, path); the path is None for the C library's own malloc."""
    name, _, path = word.rpartition('=')
    if word == 'glibc':
        return 'glibc', None
    if word in ('ours', 'libbumpalloc', 'bumpalloc'):
        return 'ours', ours(build)
    if word in PATTERNS:
        found = installed(word)
        if not found:
            raise UsageError(f'no {word} is installed (looked for {PATTERNS[word]})')
        return word, found
    if not os.path.exists(path):
        raise UsageError(f'{path}: no such library, and no name of one that is known')
    short = os.path.basename(path).split('.so')[0].removeprefix('lib')
    return name or short, os.path.abspath(path)


def default(build):
    """glibc, ours, and every peer that is installed."""
    chosen = [('glibc', None), ('ours', ours(build))]
    for name in PATTERNS:
        path = installed(name)
        if path:
            chosen.append((name, path))
    return chosen


def loads(path):
    """Does the dynamic loader take the library? It only warns when it does not."""
    if path is None:
        return True
    done = subprocess.run(['cat', '/proc/self/maps'], env=dict(os.environ, LD_PRELOAD=path),
                          capture_output=True, text=True, check=False)
    return done.returncode == 0 and os.path.realpath(path) in done.stdout
