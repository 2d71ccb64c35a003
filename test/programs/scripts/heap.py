# SPDX-License-Identifier: MIT
"""Objects, strings, modules, threads and processes in python."""
import ast
import asyncio
import bz2
import collections
import concurrent.futures
import decimal
import difflib
import functools
import gc
import hashlib
import io
import itertools
import json
import lzma
import multiprocessing
import os
import pickle
import queue
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import weakref
import xml.etree.ElementTree as ElementTree
import zlib


def digest(value):
    data = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def containers(path):
    with open(path) as file:
        documents = json.load(file)
    print(digest(json.dumps(documents, indent=1, sort_keys=True)))
    groups = collections.defaultdict(list)
    for document in documents:
        for tag in document['tags']:
            groups[tag].append(document['id'])
    print(len(groups), digest(sorted(groups.items())))
    counter = collections.Counter(itertools.chain.from_iterable(d['text'] for d in documents))
    print(digest(counter.most_common()))
    big = {i: str(i) * (i % 13) for i in range(200000)}
    for i in range(0, 200000, 3):
        del big[i]
    print(len(big), digest(sorted(big.items())[::1000]))
    ring = collections.deque(maxlen=1000)
    for i in range(50000):
        ring.append([i] * (i % 20))
    print(digest(list(ring)))
    return documents


def strings(documents):
    text = ' '.join(d['text'] for d in documents)
    found = re.findall(r'\b(\w+?)(\w)\2(\w*)', text) + re.findall(r'(?:[bk][aeiou]){2,}', text)
    print(len(found), digest(found))
    print(digest(re.sub(r'(\w+) (\w+)', lambda m: m[2].upper() + m[1], text)))
    built = ''
    for i in range(60000):
        built += chr(97 + i % 26) * (i % 7)
    print(len(built), digest(built.encode('utf-16')))
    grown = bytearray()
    for i in range(3000):
        grown.extend(os.fsencode(str(i)) * (i % 50))
        del grown[:i % 31]
    print(digest(bytes(grown)))
    stream = io.StringIO()
    for word in text.split()[:50000]:
        stream.write(word.title() + '\n')
    print(digest(stream.getvalue()))
    a, b = text.split()[:1500], text.split()[300:1800]
    print(digest(list(difflib.unified_diff(a, b))))


def libraries(documents):
    data = json.dumps(documents).encode()
    for module in (zlib, bz2, lzma):
        packed = module.compress(data[:600000])
        assert module.decompress(packed) == data[:600000]
        print(module.__name__, len(packed))
    print(digest(pickle.dumps(pickle.loads(pickle.dumps(documents, 4)), 4)))
    decimal.getcontext().prec = 500
    print(digest(str(sum(decimal.Decimal(1) / decimal.Decimal(n) for n in range(1, 400)))))
    print(digest(str(functools.reduce(lambda x, y: x * y, range(1, 1300)))))
    root = ElementTree.Element('root')
    for document in documents[:2000]:
        ElementTree.SubElement(root, 'd', name=document['name']).text = document['text']
    print(digest(ElementTree.tostring(ElementTree.fromstring(ElementTree.tostring(root)))))
    with open(collections.__file__) as file:
        tree = ast.parse(file.read())
    print(digest(ast.dump(tree)), len(compile(tree, 'x', 'exec').co_code) > 0)
    base = sqlite3.connect(':memory:')
    base.execute('create table t(a integer, b text)')
    base.executemany('insert into t values(?, ?)', ((d['id'], d['text']) for d in documents))
    print(base.execute('select count(*), sum(length(b)), max(b) from t').fetchone()[:2])


class Node:
    def __init__(self, other):
        self.other = other
        self.me = self
        self.load = [0] * 50


def garbage():
    gc.collect()
    died = []
    for i in range(30000):
        node = Node(None)
        node.other = Node(node)
        if i % 1000 == 0:
            weakref.finalize(node, died.append, i)
    del node
    gc.collect()
    print(len(died), sorted(died)[:3])


def work(seed):
    items = [hashlib.md5(str(seed * i).encode()).hexdigest() for i in range(3000)]
    return digest(sorted(items, key=lambda s: s[::-1]))


def threads():
    jobs, results = queue.Queue(), queue.Queue()

    def serve():
        while (job := jobs.get()) is not None:
            results.put((job, work(job), threading.current_thread().name != ''))

    pool = [threading.Thread(target=serve) for _ in range(8)]
    for thread in pool:
        thread.start()
    for job in range(100):
        jobs.put(job)
    for _ in pool:
        jobs.put(None)
    for thread in pool:
        thread.join()
    print(digest(sorted(results.queue)))
    for _ in range(300):
        thread = threading.Thread(target=lambda: [bytearray(i * 100) for i in range(50)])
        thread.start()
        thread.join()
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        print(digest(list(executor.map(work, range(40)))))


def processes():
    for method in ('fork', 'spawn', 'forkserver'):
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool:
            print(method, digest(pool.map(work, range(30))))
    children = []
    for i in range(20):
        pid = os.fork()
        if pid == 0:
            made = [str(j) * 10 for j in range(i * 500)]
            os._exit(len(made) % 7)
        children.append(pid)
    print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])
    ended = subprocess.run([sys.executable, '-c', 'import sys, json; print(len(sys.stdin.read()))'],
                           input=b'x' * 300000, stdout=subprocess.PIPE, check=True)
    print(ended.stdout)


def fork_with_threads():
    """Children of a process whose other threads allocate all the time must be able to allocate."""
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            made = {i: bytes(i) for i in range(0, 3000, 7)}
            made.clear()

    pool = [threading.Thread(target=churn) for _ in range(3)]
    for thread in pool:
        thread.start()
    statuses = collections.Counter()
    for _ in range(12):
        pid = os.fork()
        if pid == 0:
            os._exit(42 if len([bytearray(n) for n in range(0, 20000, 19)]) == 1053 else 1)
        statuses[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])] += 1
    stop.set()
    for thread in pool:
        thread.join()
    print(dict(statuses))


async def tasks():
    async def one(number):
        await asyncio.sleep(0)
        process = await asyncio.create_subprocess_exec('echo', str(number), stdout=subprocess.PIPE)
        output, _ = await process.communicate()
        return int(output)

    print(sum(await asyncio.gather(*(one(i) for i in range(20)))))


def main():
    documents = containers(sys.argv[1])
    strings(documents)
    libraries(documents)
    garbage()
    threads()
    with tempfile.TemporaryDirectory():
        processes()
    fork_with_threads()
    asyncio.run(tasks())
    print('to stderr', file=sys.stderr)
    sys.exit(5)


if __name__ == '__main__':
    main()
