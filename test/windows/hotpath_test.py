# SPDX-License-Identifier: MIT
"""Hold the hot paths of the Windows archive to their limits: no call, no lock, one look at the TEB.

The thread's block is reached by two loads and an addition more than on ELF.
"""
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
import hotpath  # the path above has to come first

OBJDUMP, ARCHIVE = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
AT_MOST = {'malloc': 19, 'free': 23, 'calloc': 40}
# What would mean that a thread-local word is reached by a call.
FORBIDDEN = re.compile(r'\b(__emutls_\w+|TlsGetValue|FlsGetValue|pthread_getspecific)\b')


def said(*words):
    return subprocess.run([OBJDUMP, *words, str(ARCHIVE)], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


class HotPath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = said('-d', '--no-show-raw-insn', '-M', 'att')
        parts = re.split(r'^[0-9a-f]+ <([^>]+)>:$', text, flags=re.M)
        cls.code = dict(zip(parts[1::2], parts[2::2]))

    def test_lines(self):
        for symbol, most in AT_MOST.items():
            with self.subTest(symbol):
                code = hotpath.parse(self.code[symbol])
                path = hotpath.measure(symbol, code)
                line, _ = hotpath.straight_line(code)
                print(symbol, path.end, path.line)
                self.assertEqual(path.end, 'ret')
                self.assertLessEqual(path.line['insns'], most)
                for column in ('calls', 'pushes', 'locks', 'divs'):
                    self.assertEqual(path.line[column], 0, column)
                self.assertEqual(sum('%gs:' in insn.operands for insn in line), 1)

    def test_no_call_for_a_thread_local_word(self):
        self.assertEqual(FORBIDDEN.findall(said('-t')), [])

    def test_all_names_stand_in_one_object(self):
        """A static link takes all of them or none."""
        member, of = None, {}
        for row in said('-t').splitlines():
            head = re.match(r'(\S+):\s+file format', row)
            member = head.group(1) if head else member
            symbol = re.search(r'\(sec\s+[1-9]\d*\).*\(scl\s+2\).* (\S+)$', row)
            if symbol:
                of[symbol.group(1)] = member
        routed = [name[len('__imp_'):] for name in of if name.startswith('__imp_')]
        self.assertGreater(len(routed), 24)
        for name in routed:
            self.assertEqual(of.get(name), of['malloc'], name)


if __name__ == '__main__':
    unittest.main(verbosity=2)
