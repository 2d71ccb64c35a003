# SPDX-License-Identifier: MIT
"""Databases: an embedded one and a server."""
import os
import random
import socket
import time

import harness
import inputs
from cases import case, script


def make_tables(folder):
    inputs.table(os.path.join(folder, 'left'), 120000)
    inputs.documents(os.path.join(folder, 'json'), 6000)


@case('sqlite3', ['sqlite3'], make_tables)
def sqlite(run):
    run.cmd('sqlite3', 'base.db', '.read ' + script('tables.sql'), status=1)
    run.cmd('sqlite3', 'base.db', '.dump item')
    run.cmd('sqlite3', ':memory:', 'create table t as with recursive n(i) as (select 1 union all '
            'select i + 1 from n where i < 300000) select i, hex(i * 7919) as b from n; '
            'create index x on t(b); select count(*), max(b) from t indexed by x;')


def make_commands(folder):
    """Commands for redis-cli that fill every kind of value, small and large."""
    chance = random.Random(8)
    words = inputs.vocabulary(chance)
    with open(os.path.join(folder, 'commands'), 'w') as file:
        for i in range(30000):
            word, other = chance.choice(words), chance.choice(words)
            file.write(f'SET string:{i} {word * (i % 60 + 1)}\r\n')
            file.write(f'HSET hash:{i % 300} {word} {other}{i} n {i}\r\n')
            file.write(f'RPUSH list:{i % 50} {word} {other}\r\n')
            file.write(f'ZADD set:{i % 40} {i % 977} {word}\r\n')
            file.write(f'SADD plain:{i % 20} {i} {word}\r\n')
            file.write(f'APPEND long:{i % 5} {other * 20}\r\n')
            if i % 10 == 0:
                file.write(f'DEL string:{i // 2}\r\nXADD stream:{i % 7} {i + 1}-1 f {word}\r\n')


class Redis:
    """A server on a unix socket in the work folder, asked in its inline protocol."""

    def __init__(self, run, name):
        self.run = run
        self.socket, self.log = f'{run.work}/{name}.sock', f'{run.work}/{name}.log'
        binary = harness.find_program('redis-server', 'redis-check-rdb')
        self.server = run.start(
            'redis-server', '--port', '0', '--unixsocket', self.socket, '--save', '',
            '--logfile', self.log, '--dir', run.work,
            '--enable-debug-command', 'yes', executable=binary)
        self.wait_for('PING', 'PONG')

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            link.connect(self.socket)
            link.sendall(command.encode() + b'\r\nQUIT\r\n')
            answer = b''
            while piece := link.recv(65536):
                answer += piece
        return answer.decode()

    def wait_for(self, command, wanted, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if wanted in self.ask(command):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise harness.Broken(f'{self.run.title} the library: no {wanted} from {command}\n'
                             + harness.tail(self.log, 1))

    def client(self, *words, **options):
        return self.run.cmd('redis-cli', '-s', self.socket, *words, **options)

    def benchmark(self, *words):
        # The figures differ from run to run, the list of what ran does not.
        self.run.cmd('sh', '-ec', 'redis-benchmark "$@" --csv > bench.csv; cut -d, -f1 bench.csv',
                     'bench', '-s', self.socket, *words, via=['redis-benchmark'])

    def shutdown(self):
        self.client('SHUTDOWN', 'NOSAVE')
        self.run.stop(self.server)


def read_back(redis):
    redis.client(stdin=redis.run.input + '/queries')
    with open(redis.client('DEBUG', 'DIGEST')) as file:
        return file.read()


@case('redis', [('redis-server', 'redis-check-rdb'), 'redis-cli', 'redis-benchmark'],
      lambda folder: (make_commands(folder), make_queries(folder)),
      ignore=['*.log', 'dump.rdb', 'bench.csv'])
def redis(run):
    server = Redis(run, 'first')
    server.benchmark('-n', '10000', '-c', '20', '-P', '8', '-r', '20000', '-d', '300', '-t',
                     'set,get,incr,lpush,rpop,sadd,spop,hset,zadd,zpopmin,mset,lrange_100')
    server.client('FLUSHALL')
    server.client('--pipe', stdin=run.input + '/commands')
    before = read_back(server)
    server.client('BGSAVE')
    # Writes to another database while the forked child saves: it must save what was there.
    server.benchmark('-n', '20000', '-c', '10', '-P', '8', '-r', '50000', '--dbnum', '9', '-t',
                     'set,lpush,hset,zadd')
    server.wait_for('INFO persistence', 'rdb_bgsave_in_progress:0')
    run.check('rdb_last_bgsave_status:ok' in server.ask('INFO persistence'), 'BGSAVE failed')
    server.shutdown()
    run.cmd('sh', '-ec', 'redis-check-rdb dump.rdb | grep -v AUX', via=['redis-check-rdb'])
    again = Redis(run, 'second')
    run.check(read_back(again) == before, 'the reloaded data differs')
    again.shutdown()


def make_queries(folder):
    with open(os.path.join(folder, 'queries'), 'w') as file:
        for i in range(1, 30000, 101):
            file.write(f'GET string:{i}\nHGET hash:{i % 300} n\n'
                       f'LRANGE list:{i % 50} {i % 90} {i % 90 + 3}\nSTRLEN long:{i % 5}\n'
                       f'ZRANGE set:{i % 40} {i % 30} {i % 30 + 4} WITHSCORES\n'
                       f'SORT plain:{i % 20} ALPHA LIMIT 0 5\nXLEN stream:{i % 7}\n')
        file.write('DBSIZE\nSORT list:1 ALPHA DESC\nOBJECT ENCODING hash:1\n')
