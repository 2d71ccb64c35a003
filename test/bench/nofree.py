#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compilers and command-line tools under the library, with BUMPALLOC_NOFREE=1 beside the default.

usage: nofree.py LIBRARY [ROUNDS]

Prints processor time and peak memory of each program: with the option, by default, their ratio, and
the same for the system's malloc. Rounds take turns; medians. Programs that are not installed are
left out.
"""
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

MODES = ('nofree', 'default', 'system')


def write(path, text):
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)


def c_source():
    body = ''.join(f'static int f{i}(int x) {{ int s = 0; for (int i = 0; i < x; i++) '
                   f's += i * {i} ^ (x >> {i % 7}); return s; }}\n' for i in range(60))
    calls = ' + '.join(f'f{i}(n)' for i in range(60))
    return f'{body}int main(int n, char **v) {{ (void)v; return {calls}; }}\n'


CXX = '#include <map>\n#include <regex>\n#include <string>\n#include <vector>\n' \
      'int main() { std::map<std::string, std::vector<int>> m; m["a"].push_back(1); ' \
      'return std::regex_match("a", std::regex("[a-z]")) ? (int)m.size() : 0; }\n'


def programs(folder):
    seed = random.Random(1)
    write(f'{folder}/a.c', c_source())
    write(f'{folder}/a.cc', CXX)
    write(f'{folder}/text', ''.join(f'{seed.randrange(10**9)} some words here {i}\n'
                                    for i in range(100000)))
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return {
        'gcc -O2 (C)': ['gcc', '-O2', '-c', f'{folder}/a.c', '-o', f'{folder}/a.o'],
        'g++ -O0 (C++)': ['g++', '-O0', '-c', f'{folder}/a.cc', '-o', f'{folder}/a.o'],
        'clang -O1 (C)': ['clang', '-O1', '-c', f'{folder}/a.c', '-o', f'{folder}/a.o'],
        'git log --stat': ['git', '-C', root, 'log', '--stat', '-n', '40'],
        'sort': ['sort', f'{folder}/text'],
        'awk': ['awk', '{ n[$1 % 50000] += length($0) } END { print length(n) }', f'{folder}/text'],
        'grep': ['grep', '-c', '77', f'{folder}/text'],
        'sed': ['sed', 's/some/any/', f'{folder}/text'],
        'perl': ['perl', '-ne', '$n{$1} .= $2 if /(\\d\\d\\d)\\d* (\\w+)/; END { print keys %n }',
                 f'{folder}/text'],
        'python3': ['python3', '-c', f'print(len(set(open("{folder}/text").read().split())))'],
        'python3 -c pass': ['python3', '-c', 'pass'],
        'find': ['find', '/usr/share', '-name', '*.gz'],
        'ls -lR': ['ls', '-lR', '/usr/share/doc'],
        'bash loop': ['bash', '-c', 'for i in {1..60000}; do s="$i"; done'],
        'sqlite3': ['sqlite3', ':memory:', 'create table t(a,b); with recursive c(x) as (select 1 '
                    'union all select x+1 from c where x<100000) insert into t select x,x||"v" from '
                    'c; select count(*) from t where b like "%9v";'],
    }


def run(command, mode, library):
    env = dict(os.environ, LC_ALL='C')
    if mode != 'system':
        env['LD_PRELOAD'] = library
    if mode == 'nofree':
        env['BUMPALLOC_NOFREE'] = '1'
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(command, library, rounds):
    samples = {mode: [] for mode in MODES}
    for _ in range(rounds):
        for mode in MODES:
            samples[mode].append(run(command, mode, library))
    return {mode: [statistics.median(column) for column in zip(*samples[mode])] for mode in MODES}


def main():
    if len(sys.argv) < 2 or sys.argv[1] == '--help':
        print(__doc__)
        return 0 if '--help' in sys.argv else 2
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    library = os.path.abspath(sys.argv[1])
    print(f'{"":18}{"CPU ms: nofree":>16}{"default":>9}{"ratio":>7}{"system":>9}'
          f'{"MiB: nofree":>13}{"default":>9}{"ratio":>7}{"system":>9}')
    with tempfile.TemporaryDirectory() as folder:
        for name, command in programs(folder).items():
            if not shutil.which(command[0]):
                continue
            of = measure(command, library, rounds)
            (time, space), (time_0, space_0), (time_s, space_s) = (of[mode] for mode in MODES)
            print(f'{name:18}{time * 1e3:16.1f}{time_0 * 1e3:9.1f}{time / time_0:7.2f}'
                  f'{time_s * 1e3:9.1f}{space:13.1f}{space_0:9.1f}{space / space_0:7.2f}{space_s:9.1f}',
                  flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
