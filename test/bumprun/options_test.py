# SPDX-License-Identifier: MIT
"""The table of options is one: README, man page, --help and completion say what it says. What it
says of statistics at exit, counting and the resolved options is true."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from support import Held, Paths, bumprun, class_of, main


def table():
    """[(variable, flag, values, default, meaning)]"""
    return [tuple(line.split('\t')) for line in bumprun('--options').stdout.splitlines()]


def read(path):
    return (pathlib.Path(Paths.source) / path).read_text(encoding='utf-8')


class OneTable(unittest.TestCase):
    def test_flags_are_the_variables(self):
        rows = table()
        self.assertGreater(len(rows), 12)
        for variable, flag, *_ in rows:
            self.assertEqual('--' + variable[len('BUMPALLOC_'):].lower().replace('_', '-'), flag)

    def test_what_they_take_has_a_name(self):
        for variable, _, values, *_ in table():
            self.assertRegex(values, r'^(SIZE|NUMBER|FILE|WHERE|SIZE:FACTOR|\w+(\|\w+)+)$', variable)

    def test_a_bad_value_is_told_once(self):
        for words in (['--purge=bogus'], ['--purge', 'bogus']):
            done = bumprun(*words, 'true')
            self.assertEqual((done.returncode, done.stderr),
                             (2, 'bumprun: --purge=bogus: it takes auto|now|never\n'))

    def test_help_has_each(self):
        text = bumprun('--help').stdout
        for _, flag, _, default, meaning in table():
            self.assertRegex(text, rf'(?m)^  {flag}\b.*{re.escape(meaning)} \[{re.escape(default)}\]$')

    def test_readme_has_each_with_its_default(self):
        rows = {match[1]: match[2] for match in re.finditer(
            r'^\| `(BUMPALLOC_[A-Z_]+)=[^|]*\| ([^|]+) \|', read('README.md'), re.M)}
        self.assertEqual(rows, {variable: default for variable, _, _, default, _ in table()})

    def test_man_page_has_each_with_values_and_default(self):
        text = read('include/man/bumpalloc.7')
        found = re.findall(r'^\.TP\n\.B[IR] (BUMPALLOC_[A-Z_]+)', text, re.M)
        self.assertEqual(found, [row[0] for row in table()])
        for variable, _, values, default, _ in table():
            section = re.search(rf'^\.TP\n\.B[IR] {variable}\b(.*?)(?=^\.TP|^\.SH)', text,
                                re.M | re.S)[1].replace('\\-', '-')
            for word in values.split('|') if '|' in values else []:
                self.assertRegex(section, rf'(?<!\w){re.escape(word)}(?!\w)', variable)
            self.assertIn(f'Default: {default}', section, variable)

    def test_man_page_has_each_flag_of_bumprun(self):
        text = read('include/man/bumprun.1').replace('\\-', '-')
        for command in ([], ['compare'], ['stat'], ['dump'], ['trim'], ['profile'], ['map']):
            own = bumprun(*command, '--help').stdout.split('options of the library')[0]
            for flag in set(re.findall(r'--[a-z]+', own)) - {'--help'}:
                self.assertIn(flag, text, f'{command} {flag}')

    @unittest.skipUnless(os.path.exists('/usr/bin/man'), 'needs man')
    def test_man_pages_are_well_formed(self):
        for page in ('bumprun.1', 'bumpalloc.7'):
            done = subprocess.run(['man', '--warnings=w', '-E', 'UTF-8', '-l', '-Tutf8', '-Z',
                                   f'{Paths.source}/include/man/{page}'], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ''))


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bumprun; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        environment = {**os.environ, 'PATH': f'{os.path.dirname(Paths.bumprun)}:/usr/bin:/bin'}
        done = subprocess.run(['bash', '-c', script, 'bash',
                               f'{Paths.source}/tools/bumprun/bumprun.bash', 'bumprun', *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                              env=environment)
        self.assertEqual(done.stderr, '')
        return set(done.stdout.split())

    def test_flags(self):
        self.assertEqual(self.complete('--purge-s'), {'--purge-share'})
        self.assertLessEqual({row[1] for row in table()}, self.complete('--'))
        self.assertEqual(self.complete('compare', '--rou'), {'--rounds'})
        self.assertEqual(self.complete('dump', '--p'), {'--prometheus'})

    def test_flags_of_each_command_are_those_of_its_help(self):
        for command in ('compare', 'stat', 'dump', 'trim', 'profile', 'map'):
            lines = re.findall(r'(?m)^  (-.*)', bumprun(command, '--help').stdout)
            own = {flag for line in lines
                   for flag in re.findall(r'(?:^|, )(--?[a-z-]*)', line.split('  ')[0])}
            found = self.complete(command, '-')
            if command == 'compare':  # --NAME is any of the library's
                found -= {row[1] for row in table()}
            self.assertEqual(found, own - {'--'} | {'--help'}, command)

    def test_values_of_flags(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'picture.svg'
            path.touch()
            for words in (['compare', '--svg'], ['map', '-o'], ['profile', '--output']):
                self.assertEqual(self.complete(*words, f'{folder}/'), {str(path)}, words)
        self.assertEqual(self.complete('profile', '--type', 'peak'), {'peak_space', 'peak_objects'})
        self.assertEqual(self.complete('profile', '--seconds', ''), set())
        self.assertIn('true', self.complete('map', '--at-exit', 'tru'))

    def test_commands_and_programs(self):
        self.assertIn('compare', self.complete('comp'))
        self.assertIn('true', self.complete('--background', 'tru'))

    def test_values(self):
        self.assertEqual(self.complete('--thp', '=', ''), {'auto', 'never', 'always'})
        self.assertEqual(self.complete('--thp', '=', 'n'), {'never'})

    def test_processes_are_those_with_the_library(self):
        with Held() as held, Held(preload=False) as other:
            found = self.complete('stat', '')
            self.assertIn(str(held.pid), found)
            self.assertNotIn(str(other.pid), found)


class Verbose(unittest.TestCase):
    def test_says_what_was_resolved_and_by_whom(self):
        done = bumprun('--verbose', '--limit', '1G', 'true')
        lines = done.stderr.splitlines()
        expected = {variable: f'{default} (default)' for variable, _, _, default, _ in table()}
        expected['BUMPALLOC_LIMIT'] = '1G (environment)'
        expected['BUMPALLOC_VERBOSE'] = '1 (environment)'
        found = dict(re.match(r'bumpalloc: (\w+)=(.*)$', line).groups() for line in lines[:-1])
        self.assertEqual(found, expected)
        self.assertRegex(lines[-1], r'^bumpalloc: version [\d.]+, 16777216 MiB reserved at 0x\w+, '
                                    r'pages of \d+, memory limit \d+ MiB$')


class Conf(unittest.TestCase):
    def said(self, **environment):
        done = subprocess.run([Paths.conf], env={**os.environ, **environment}, check=True,
                              stderr=subprocess.PIPE, text=True)
        return dict(re.findall(r'^bumpalloc: (BUMPALLOC_\w+)=(.*)$', done.stderr, re.M))

    def test_of_a_linked_program(self):
        self.assertEqual(self.said()['BUMPALLOC_PURGE_FLOOR'], '5M (bumpalloc_conf)')

    def test_environment_goes_before(self):
        said = self.said(BUMPALLOC_PURGE_FLOOR='6M')
        self.assertEqual(said['BUMPALLOC_PURGE_FLOOR'], '6M (environment)')
        self.assertEqual(self.said(BUMPALLOC_VERBOSE='0'), {})


class AtExit(unittest.TestCase):
    def stats(self, form, *more, commands=()):
        with Held(STATS=form, **dict(more)) as held:
            for command in commands:
                held.tell(command)
            return held.end()

    def test_text(self):
        text = self.stats('1', commands=['hold 250 1000'])
        self.assertRegex(text, r'(?m)^in use bytes +=')
        self.assertRegex(text, r'(?m)^ +256 +10\d\d ')

    def test_formats_agree(self):
        with tempfile.TemporaryDirectory() as folder:
            said = {}
            for form in ('json', 'prometheus', 'xml'):
                path = f'{folder}/{form}.%p'
                with Held(STATS=form, STATS_TO=path, COUNT=1) as held:
                    held.tell('hold 250 1000')
                    held.tell('drop 3')
                    held.tell('hold 300000 2')
                    self.assertEqual(held.end(), '')
                    pid = held.pid
                with open(f'{folder}/{form}.{pid}', encoding='ascii') as file:
                    said[form] = file.read()
        known = json.loads(said['json'])
        self.check_prometheus(known, said['prometheus'])
        self.check_xml(known, said['xml'])

    def check_prometheus(self, known, text):
        samples, types = {}, {}
        for line in text.splitlines():
            if line.startswith('# TYPE '):
                _, _, name, kind = line.split(' ')
                types[name] = kind
            elif not line.startswith('# HELP '):
                match = re.match(r'^([a-z_]+)(?:\{size="(\d+)"\})? (\d+|\+Inf)$', line)
                self.assertTrue(match, line)
                samples[match[1], match[2]] = match[3]
                self.assertEqual(types[match[1]], 'counter' if match[1].endswith('_total') else 'gauge')
        for name in ('in_use_bytes', 'in_use_objects', 'span_bytes'):
            self.assertEqual(samples[f'bumpalloc_{name}', None], str(known[name]))
        self.assertEqual(samples['bumpalloc_allocations_total', None], str(known['allocations']))
        self.assertEqual(samples['bumpalloc_limit_bytes', None], '+Inf')
        for row in known['classes']:
            self.assertEqual(samples['bumpalloc_class_in_use', str(row['object_bytes'])],
                             str(row['in_use']))

    def check_xml(self, known, text):
        root = xml.etree.ElementTree.fromstring(text)
        self.assertEqual(root.tag, 'malloc')
        total = {node.get('type'): int(node.get('size')) for node in root.iter('total')}
        self.assertEqual(total['used'], known['in_use_bytes'])
        classes = {int(node.get('size')): node for node in root.iter('class')}
        for row in known['classes']:
            node = classes[row['object_bytes']]
            self.assertEqual(int(node.get('in_use')), row['in_use'])
        self.assertEqual({int(node.get('size')) for node in root.iter('region')},
                         {row['slot_bytes'] for row in known['regions']})

    def test_to_a_descriptor(self):
        done = bumprun('--stats=json', '--stats-to', '1', 'echo', 'mine')
        self.assertTrue(done.stdout.startswith('mine\n{"version"'), done.stdout[:40])
        json.loads(done.stdout[5:])

    def test_descriptors_that_the_program_closed_or_opened_again(self):
        close = 'exec 2>&-; :'
        self.assertIn('in use bytes', bumprun('--stats', 'bash', '-c', close).stderr)
        with tempfile.TemporaryDirectory() as folder:
            reuse = f'exec 2>{folder}/theirs; :'
            self.assertIn('in use bytes', bumprun('--stats', 'bash', '-c', reuse).stderr)
            self.assertEqual(os.path.getsize(f'{folder}/theirs'), 0)
            both = f'exec 2>{folder}/theirs; exec 500>{folder}/other; exec 501>{folder}/other; :'
            done = bumprun('--stats', 'bash', '-c', both)
            self.assertEqual(os.path.getsize(f'{folder}/other'), 0, done)

    def test_where_it_cannot_be_written(self):
        for target in ('/no/such/folder/file', '77', '/dev/full'):
            done = bumprun('--stats', '--stats-to', target, 'true')
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stderr,
                             f'bumpalloc: BUMPALLOC_STATS_TO={target}: cannot be written\n')

    def test_silent_without(self):
        self.assertEqual(bumprun('true').stderr, '')


class Count(unittest.TestCase):
    def test_every_call_is_counted(self):
        self.every_call_is_counted()

    def test_so_are_those_that_a_profile_looks_at(self):
        self.every_call_is_counted(PROFILE='/dev/null', PROFILE_RATE='64G')

    def every_call_is_counted(self, **options):
        with Held(COUNT=1, **options) as held:
            before = held.dump()
            held.tell('hold 250 5000')
            held.tell('drop 5')
            held.tell('spin 12345')
            held.tell('hold 200000 7')
            after = held.dump()

            def grown(name, size):
                was = [row[name] for row in before['classes']
                       if row['object_bytes'] == class_of(after, size)['object_bytes']]
                return class_of(after, size)[name] - sum(was)
            self.assertEqual(grown('allocations', 250), 5000)
            self.assertEqual(grown('frees', 250), 1000)
            self.assertEqual(grown('allocations', 100), 12345)
            self.assertEqual(grown('frees', 100), 12345)
            self.assertEqual(after['allocations'] - before['allocations'], 5000 + 12345 + 7 - 1 + 1)
            for row in after['classes']:
                self.assertEqual(row['allocations'] - row['frees'], row['in_use'], row)

    def test_threads_are_counted_too(self):
        program = ('import threading\n'
                   'def work():\n'
                   '    for i in range(3000): x = bytes(1000 + i % 50)\n'
                   't = [threading.Thread(target=work) for _ in range(4)]\n'
                   '[x.start() for x in t]; [x.join() for x in t]\n')
        done = bumprun('--count', '--stats=json', '/usr/bin/python3', '-c', program)
        known = json.loads(done.stderr)
        row = class_of(known, 1033 + 50)
        self.assertGreater(row['allocations'] + class_of(known, 1033)['allocations'], 12000)
        for row in known['classes']:
            self.assertEqual(row['allocations'] - row['frees'], row['in_use'], row)

    def test_nothing_is_counted_without(self):
        with Held() as held:
            held.tell('churn 4000')
            self.assertEqual(held.dump()['allocations'], 0)


if __name__ == '__main__':
    main()
