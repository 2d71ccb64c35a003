# SPDX-License-Identifier: MIT
"""Program text that data.py makes: C++ for compilers, PostScript for Ghostscript."""

HEADERS = ('algorithm', 'functional', 'map', 'memory', 'numeric', 'optional', 'set', 'sstream',
           'string', 'tuple', 'unordered_map', 'variant', 'vector')

UNIT = '''
namespace unit{n} {{
template <int N> struct key {{
  int value;
  std::string name = std::to_string(N);
  bool operator<(const key &o) const {{ return std::tie(value, name) < std::tie(o.value, o.name); }}
}};
using value = std::variant<int, std::string, std::vector<key<{n}>>, std::optional<key<{n} + 1>>>;
struct visitor {{
  int operator()(int i) const {{ return i * {n}; }}
  int operator()(const std::string &s) const {{ return (int)s.size() + {n}; }}
  int operator()(const std::vector<key<{n}>> &v) const {{ return v.empty() ? {n} : v[0].value; }}
  int operator()(const std::optional<key<{n} + 1>> &o) const {{ return o ? o->value : -{n}; }}
}};
int tables(int seed)
{{
  std::map<key<{n}>, std::unique_ptr<value>> ordered;
  std::unordered_map<std::string, std::shared_ptr<visitor>> hashed;
  for (int i = 0; i < seed; i++) {{
    ordered[key<{n}>{{i}}] = std::make_unique<value>(std::to_string(i));
    hashed.emplace(std::to_string(i * {n}), std::make_shared<visitor>());
  }}
  int sum = 0;
  for (auto &[k, v] : ordered)
    sum += std::visit(*hashed.begin()->second, *v) + k.value;
  return sum;
}}
std::string sorted(std::vector<key<{n} + 1>> keys)
{{
  std::stable_sort(keys.begin(), keys.end());
  std::set<key<{n} + 1>> unique(keys.begin(), keys.end());
  std::function<int(int, const key<{n} + 1> &)> add = [](int a, auto &k) {{ return a + k.value; }};
  std::ostringstream out;
  out << std::accumulate(unique.begin(), unique.end(), {n}, add) << ' ' << keys.size();
  return out.str();
}}
}}
'''

# Text in a font and size of its own per line, curves, and a picture behind a clipping path.
PAGE = '''
gsave
/Times-Roman findfont 11 scalefont setfont
{lines}
{curves}
newpath {x} {y} 90 0 360 arc clip
{x} 90 sub {y} 90 sub translate 180 180 scale
{side} {side} 8 [{side} 0 0 -{side} 0 {side}] {{ currentfile picture readhexstring pop }} image
{picture}
grestore
showpage
'''
FONTS = ('Times-Roman', 'Helvetica', 'Courier', 'Palatino-Roman', 'Bookman-Light', 'Times-Italic')
SIDE = 48


def unit(count):
    """A unit of C++ that instantiates the standard containers again and again."""
    yield from (f'#include <{name}>\n' for name in HEADERS)
    yield from (UNIT.format(n=n) for n in range(count))


def text_line(chance, words, row):
    text = ' '.join(chance.choices(words, k=12))
    font = f'/{chance.choice(FONTS)} findfont {chance.randint(7, 12)} scalefont setfont '
    return f'{font if row % 5 == 0 else ""}40 {740 - 13 * row} moveto ({text}) show'


def curve(chance):
    numbers = ' '.join(str(chance.randint(30, 580)) for _ in range(6))
    return (f'newpath {chance.randint(30, 580)} {chance.randint(30, 700)} moveto {numbers} '
            f'curveto closepath 0.{chance.randint(1, 9)} setgray '
            f'{chance.choice(("fill", "eofill", "stroke"))}')


def page(chance, words):
    picture = bytes(chance.randrange(256) for _ in range(SIDE * SIDE)).hex()
    return PAGE.format(
        lines='\n'.join(text_line(chance, words, row) for row in range(52)),
        curves='\n'.join(curve(chance) for _ in range(60)),
        x=chance.randint(100, 500), y=chance.randint(100, 600), side=SIDE, picture=picture)


def pages(chance, words, count):
    """A PostScript document."""
    yield f'%!PS-Adobe-3.0\n/picture {SIDE} string def\n'
    yield from (page(chance, words) for _ in range(count))
