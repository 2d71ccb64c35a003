# SPDX-License-Identifier: MIT
"""A compiler's day in one process: clang on a source of 200 units (20 with --quick), each in a
namespace of its own with its own instances of the standard containers. The source is written
first; then this process becomes the compiler."""
import os
import sys
import tempfile
import zlib

UNIT = '''namespace unit{n} {{
struct key{n} {{ int value; bool operator<(const key{n} &o) const {{ return value < o.value; }} }};
int work() {{
  std::map<key{n}, std::vector<std::string>> table;
  for (int i = 0; i < {n} + 3; i++) table[key{n}{{i}}].push_back(std::to_string(i));
  std::vector<key{n}> keys;
  for (auto &it : table) keys.push_back(it.first);
  std::sort(keys.begin(), keys.end());
  return (int)keys.size() + (int)table.size();
}}
}}
'''


def main():
    units = 20 if '--quick' in sys.argv else 200
    source = ''.join(f'#include <{name}>\n' for name in ('algorithm', 'map', 'string', 'vector'))
    source += ''.join(UNIT.format(n=n) for n in range(units))
    path = os.path.join(tempfile.gettempdir(), f'bench_compile_{units}.cpp')
    with open(path, 'w', encoding='ascii') as file:
        file.write(source)
    print(f'checksum {zlib.crc32(source.encode()):016x}', flush=True)
    os.execvp('clang++', ['clang++', '-fintegrated-cc1', '-std=c++17', '-O1', '-c', path,
                          '-o', os.devnull])


main()
