# SPDX-License-Identifier: MIT
"""Debian packages: what is there, and installing what is not."""
import contextlib
import os
import shutil
import subprocess

import harness

POLICY = '/usr/sbin/policy-rc.d'
APT_SECONDS = 1800


def is_installed(package):
    asked = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', package],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return asked.stdout == 'installed'


@contextlib.contextmanager
def no_services():
    """While packages are installed, none of them starts its server."""
    if os.path.exists(POLICY):
        yield
        return
    with open(POLICY, 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\nexit 101\n')
    os.chmod(POLICY, 0o755)
    try:
        yield
    finally:
        os.unlink(POLICY)


def apt(*words):
    """None, or what apt-get said when it failed."""
    command = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=300', *words]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace', check=False,
                              env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}, timeout=APT_SECONDS)
    except subprocess.TimeoutExpired:
        return f'apt-get did not end within {APT_SECONDS} s'
    if done.returncode == 0:
        return None
    errors = [line for line in done.stdout.splitlines() if line.startswith('E:')]
    return (errors or ['apt-get failed'])[0]


def install(missing, say):
    say(f'apt-get install {" ".join(missing)}')
    words = ['install', '--no-install-recommends', *missing]
    with no_services():
        error = apt(*words)
        if error:
            say('apt-get update')
            apt('update')
            error = apt(*words)
    return error


def absent(needs):
    """Of commands and files, what is not there."""
    for need in needs:
        if not (os.path.exists(need) if '/' in need
                else shutil.which(need, path=harness.search_path())):
            yield need


def provide(entry, may_install, say):
    """None when all is there, or the reason why the entry cannot be run."""
    if not shutil.which('dpkg-query'):
        lacking = sorted(absent(entry.needs))
        return f'no Debian, and {" ".join(lacking)} is not there' if lacking else None
    missing = [package for package in entry.packages if not is_installed(package)]
    if missing:
        if not may_install:
            return 'not installed: ' + ' '.join(missing)
        error = install(missing, say)
        if error:
            return f'could not install {" ".join(missing)}: {error}'
    lacking = list(absent(entry.needs))
    return f'{" ".join(lacking)} is not there' if lacking else None
