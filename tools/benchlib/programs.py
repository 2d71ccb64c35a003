# SPDX-License-Identifier: MIT
"""Real programs as workloads: what each needs, how its data is made, and how it is called.

The data is made once, before anything is measured, in a temporary folder, without any allocator
preloaded, from a pinned seed by the scripts of test/bench/real. In commands, {real} is the folder
of those scripts, {python} this interpreter, and {quick} is --quick or nothing.
"""
import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass

from . import measure

REAL = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'bench', 'real'))
COMMON_ENVIRONMENT = {'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'PYTHONHASHSEED': '0',
                      'GIT_CONFIG_NOSYSTEM': '1'}
DATA = ('{python}', '-B', '{real}/data.py', '{quick}')


@dataclass(frozen=True)
class Program:
    name: str
    about: str
    packages: dict  # program that has to be there: the Debian package with it
    command: tuple
    setup: tuple = ()  # commands that make the data
    load: tuple = None
    socket: str = None
    verify: tuple = None
    hashed: bool = True
    own_malloc: bool = False


WORKLOADS = (
    Program('redis', 'redis-server under redis-benchmark and mixed commands; unix socket',
            {'redis-server': 'redis-server', 'redis-benchmark': 'redis-tools'},
            ('redis-server', '--port', '0', '--unixsocket', 'redis.sock', '--save', '',
             '--logfile', 'redis.log', '--enable-debug-command', 'local'),
            setup=((*DATA, 'commands'),), load=('sh', '{real}/redis_load.sh', '{quick}'),
            socket='redis.sock', own_malloc=True),
    Program('python-ast', 'Python: parses, compiles and prints source; JSON; tables',
            {}, ('{python}', '{real}/objects.py', '{quick}'), setup=((*DATA, 'documents'),),
            hashed=False),
    Program('node', 'Node: JSON, Buffers, zlib, worker threads',
            {'node': 'nodejs'}, ('node', '{real}/objects.js', '{quick}'),
            setup=((*DATA, 'documents'),), hashed=False),
    Program('ruby-text', 'Ruby: JSON, strings, patterns, structures',
            {'ruby': 'ruby'}, ('ruby', '{real}/objects.rb', '{quick}'),
            setup=((*DATA, 'documents'),), hashed=False),
    Program('sqlite', 'sqlite3 in memory: import, indexes, joins, windows, JSON',
            {'sqlite3': 'sqlite3'},
            ('sqlite3', '-batch', ':memory:', '.read {real}/tables.sql'),
            setup=((*DATA, 'table'), (*DATA, 'documents'))),
    Program('g++', 'g++ -O1 on templates of the standard library',
            {'g++': 'g++'}, ('g++', '-std=c++17', '-O1', '-S', '-o', '-', 'unit.cpp'),
            setup=((*DATA, 'source'),)),
    Program('clang++', 'clang++ -O1 on the same',
            {'clang++': 'clang'}, ('clang++', '-std=c++17', '-O1', '-S', '-o', '-', 'unit.cpp'),
            setup=((*DATA, 'source'),)),
    Program('gs', 'Ghostscript renders a PDF of text, curves and pictures',
            {'gs': 'ghostscript'},
            ('gs', '-q', '-dBATCH', '-dNOPAUSE', '-sDEVICE=pgmraw', '-r50', '-sOutputFile=-',
             'pages.pdf'),
            setup=((*DATA, 'pages'),
                   ('gs', '-q', '-dBATCH', '-dNOPAUSE', '-sDEVICE=pdfwrite', '-o', 'pages.pdf',
                    'pages.ps'))),
    Program('git-repack', 'git repack -adf of a made-up history, two threads',
            {'git': 'git'},
            ('git', '-C', 'history.git', '-c', 'pack.threads=2', 'repack', '-a', '-d', '-f', '-q'),
            setup=(('git', 'init', '-q', '--bare', 'history.git'), (*DATA, 'history'),
                   ('sh', '-c', 'git -C history.git fast-import --quiet < history')),
            verify=('git', '-C', 'history.git', 'cat-file', '--batch-all-objects', '--batch')),
    Program('z3', 'z3 on bit vectors, linear arithmetic and quantifiers',
            {'z3': 'z3'}, ('z3', '-smt2', 'problems.smt2'), setup=((*DATA, 'problems'),)),
    Program('rocksdb', "RocksDB's db_bench: fills, overwrites, reads, seeks",
            {'db_bench': 'rocksdb-tools', 'ldb': 'rocksdb-tools'},
            ('db_bench', '--flagfile=rocksdb.flags'),
            setup=((*DATA, 'rocksdb'),), verify=('ldb', '--db=rocks', '--hex', 'scan')),
    Program('jq', 'jq groups, sorts and rewrites JSON documents',
            {'jq': 'jq'}, ('jq', '-c', '-f', '{real}/groups.jq', 'documents.json'),
            setup=((*DATA, 'fewer-documents'),)),
    Program('openssl', 'openssl s_server: handshakes and files over TLS 1.3; unix socket',
            {'openssl': 'openssl'},
            ('openssl', 's_server', '-quiet', '-WWW', '-unix', 'tls.sock', '-cert', 'cert.pem',
             '-key', 'key.pem'),
            setup=((*DATA, 'site'),
                   ('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
                    '-keyout', 'key.pem', '-out', 'cert.pem')),
            load=('{python}', '{real}/tls_load.py', '{quick}'), socket='tls.sock'),
    Program('xz', 'xz -T2 compresses text in blocks of 512 KiB',
            {'xz': 'xz-utils'}, ('xz', '-T2', '-2', '--block-size=512KiB', '-c', 'text'),
            setup=((*DATA, 'text'),)),
)


def missing(row):
    """What to install for the row, or None."""
    for program, package in row.packages.items():
        if not shutil.which(program):
            return f'{program} (apt install {package})'
    return None


def packages():
    """The Debian packages of all rows."""
    return sorted({package for row in WORKLOADS for package in row.packages.values()})


def words(command, quick):
    names = {'python': sys.executable, 'real': REAL, 'quick': '--quick' if quick else ''}
    return [text for text in (word.format(**names) for word in command) if text]


def job(row, folder, quick):
    """The row's job in its folder, once the data is made."""
    os.mkdir(folder)
    made = measure.Job(
        words(row.command, quick), folder, dict(COMMON_ENVIRONMENT, HOME=folder), row.hashed,
        words(row.load, quick) if row.load else None, row.socket,
        words(row.verify, quick) if row.verify else None, row.own_malloc)
    for command in row.setup:
        measure.output(words(command, quick), made)
    return made


@contextlib.contextmanager
def jobs(rows, quick):
    """The jobs of those rows that are programs, by name; their data lives as long as the context.

    A row whose data cannot be made is left out with a line on stderr.
    """
    made = {}
    with tempfile.TemporaryDirectory(prefix='bench-') as root:
        for row in rows:
            if not isinstance(row, Program):
                continue
            try:
                made[row.name] = job(row, os.path.join(root, row.name), quick)
            except measure.Failed as error:
                print(f'bench: {row.name}: no data, left out: {error}', file=sys.stderr)
        yield made
