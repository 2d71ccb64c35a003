#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build a real program for Windows with the library and without it, and compare what they print.

The source is Debian's, as tools/check --windows fetched it; without it the test is skipped.
"""
import argparse
import hashlib
import pathlib
import random
import subprocess
import sys
import tarfile

SKIP = 77
LUA = '''
local t, n = {}, 0
for i = 1, 60000 do t[i] = ("%d:%s"):format(i, ("x"):rep(i % 97)) end
table.sort(t)
for i = 1, #t, 3 do t[i] = nil end
for k, v in pairs(t) do n = n + #v end
local co = {}
for i = 1, 2000 do co[i] = coroutine.wrap(function() for j = 1, 3 do coroutine.yield(i * j) end end) end
for i = 1, 2000 do n = n + co[i]() end
local s = {}
for i = 1, 3000 do s[#s + 1] = tostring(i):rep(20):gsub("%d", "%0,"):upper() end
print(n, #table.concat(s), #string.rep("large", 4000000))
collectgarbage()
print(("%q"):format(table.concat(s):sub(1, 60)))
'''
SQL = '''
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i<60000)
insert into t select i, printf('row %d %s', i, hex(i*7919)), i*0.5 from n;
create index tb on t(b);
select count(*), sum(c), min(b), max(b) from t;
select b, length(group_concat(b)) from t group by a%7 order by 1 limit 5;
update t set b=b||b where a%3=0; delete from t where a%5=0;
select count(*), sum(length(b)) from t;
select a.a, b.b from t a join t b on a.b=b.b where a.a<50 order by 1 limit 10;
pragma integrity_check;
'''


def unpacked(sources, pattern, out):
    """The folder of the source package's original tree."""
    archives = sorted(pathlib.Path(sources).glob(pattern))
    if not archives:
        print(f'no {pattern} in {sources}: tools/check --windows fetches it')
        sys.exit(SKIP)
    target = out / archives[0].name.split('_')[0]
    if not target.exists():
        with tarfile.open(archives[0]) as archive:
            archive.extractall(target)
    return next(path for path in sorted(target.iterdir()) if path.is_dir())


def run(words, **more):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=350, **more)
    if done.returncode:
        raise SystemExit(f'{words[:6]}: status {done.returncode}\n'
                         f'{done.stderr.decode(errors="replace")[-2000:]}')
    return done.stdout


class Builder:
    """Compiles once, links twice."""

    def __init__(self, options):
        self.options = options
        self.out = pathlib.Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)

    def programs(self, name, files, *flags):
        objects = []
        for file in files:
            target = self.out / f'{name}_{file.stem}.obj'
            run([*self.options.cc.split(), '-O1', '-w', *flags, '-c', file, '-o', target])
            objects.append(target)
        for kind, library in (('runtime', []), ('library', [self.options.library])):
            program = self.out / f'{name}_{kind}.exe'
            run([*self.options.cc.split(), *objects, *library, '-static', '-o', program])
            yield program

    def same(self, programs, *words, given=b''):
        """Both programs print the same; returns it."""
        prints = [run([*self.options.wine.split(), program, *words], input=given, cwd=self.out)
                  for program in programs]
        if prints[0] != prints[1]:
            raise SystemExit(f'{words}: with the runtime\n{prints[0][:500]}\nwith the library\n'
                             f'{prints[1][:500]}')
        if not prints[0]:
            raise SystemExit(f'{words}: no output')
        return prints[0]


def routed(programs):
    """The second program has the library in it, the first has not."""
    has = [b'bumpalloc: ' in program.read_bytes() for program in programs]
    if has != [False, True]:
        raise SystemExit(f'the library is in the programs: {has}')


def lua(builder):
    source = unpacked(builder.options.sources, 'lua5.4_*.orig.tar.*', builder.out) / 'src'
    files = [file for file in sorted(source.glob('*.c')) if file.name != 'luac.c']
    programs = list(builder.programs('lua', files))
    routed(programs)
    (builder.out / 'heap.lua').write_text(LUA)
    print(builder.same(programs, 'heap.lua').decode())


def zlib(builder):
    source = unpacked(builder.options.sources, 'zlib_*.orig.tar.*', builder.out)
    files = sorted(source.glob('*.c')) + [source / 'test/minigzip.c']
    programs = list(builder.programs('minigzip', files, '-I', source))
    routed(programs)
    text = packer_input()
    for level in ('-1', '-6', '-9'):
        packed = builder.same(programs, level, given=text)
        if builder.same(programs, '-d', given=packed) != text:
            raise SystemExit(f'{level}: not what was packed')
        print(level, len(text), len(packed), hashlib.sha256(packed).hexdigest())


def packer_input():
    rng = random.Random(1)
    return b' '.join(rng.choice([b'alpha', b'beta', b'gamma', b'%d' % i]) for i in range(400000))


def xz(builder):
    """Built by its own configure and make; only the last link differs."""
    source = unpacked(builder.options.sources, 'xz-utils_*.orig.tar.*', builder.out)
    compiler = builder.options.cc.split()[-1]
    words = ['--disable-shared', '--disable-nls', '--disable-doc', '--disable-xzdec',
             '--disable-lzmadec', '--disable-lzmainfo', '--disable-scripts']
    if not (source / 'Makefile').exists():
        run(['./configure', '-q', '--host=x86_64-w64-mingw32', f'CC={compiler}', 'CFLAGS=-O1 -w',
             *words], cwd=source)
    run(['make', '-s', '-C', source / 'src/liblzma'])
    programs = []
    for kind, link in (('runtime', ''), ('library', '-Wl,--whole-archive,'
                       f'{pathlib.Path(builder.options.library).resolve()},--no-whole-archive')):
        (source / 'src/xz/xz.exe').unlink(missing_ok=True)
        run(['make', '-s', '-C', source / 'src/xz', 'xz.exe', f'LDFLAGS=-all-static {link}'])
        programs.append(builder.out / f'xz_{kind}.exe')
        (source / 'src/xz/xz.exe').rename(programs[-1])
    routed(programs)
    text = packer_input()
    for words in (['-1'], ['-6', '-T2'], ['-9e', '--format=lzma']):
        packed = builder.same(programs, *words, '-c', given=text)
        if builder.same(programs, '-dc', given=packed) != text:
            raise SystemExit(f'{words}: not what was packed')
        print(words, len(text), len(packed), hashlib.sha256(packed).hexdigest())


def sqlite(builder):
    source = unpacked(builder.options.sources, 'sqlite3_*.orig.tar.*', builder.out)
    if not (source / 'sqlite3.c').exists():
        # The search path of a cross build's tests has the cross assembler in front.
        native = {'PATH': '/usr/local/bin:/usr/bin:/bin'}
        run(['./configure', '--disable-readline', '--disable-tcl'], cwd=source, env=native)
        run(['make', 'sqlite3.c', 'shell.c'], cwd=source, env=native)
    programs = list(builder.programs('sqlite', [source / 'sqlite3.c', source / 'shell.c'],
                                     '-DSQLITE_THREADSAFE=1'))
    routed(programs)
    print(builder.same(programs, '-batch', ':memory:', given=SQL.encode()).decode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('program', choices=('lua', 'zlib', 'xz', 'sqlite'))
    for name in ('--cc', '--wine', '--library', '--sources', '--out'):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    {'lua': lua, 'zlib': zlib, 'xz': xz, 'sqlite': sqlite}[options.program](Builder(options))


if __name__ == '__main__':
    main()
