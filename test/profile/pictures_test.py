#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Open the pictures of bumprun in headless Chromium and look for their parts in the page that the
browser made of them, so that what is not well-formed or not drawn is found. Nothing may be fetched."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
# 48 MB in objects of all sizes, then a third of them.
BREATHES = """
import time
x = [bytes(i % 60 * 100 + 50) for i in range(16000)]
time.sleep(0.2)
x = x[:len(x) // 3]
time.sleep(0.2)
"""
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


def browse(browser, path, folder):
    """The page's elements after its scripts have run."""
    words = [browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             f'--user-data-dir={folder}/browser', '--dump-dom', 'file://' + path]
    run = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=100, env={**os.environ, 'HOME': folder})
    return run.stdout


def make(args, folder):
    """A profile's flame graph and a map at exit, both as a picture and as a page."""
    profile = os.path.join(folder, 'heap.pb.gz')
    variables = dict(os.environ, LD_PRELOAD=args.library, BUMPALLOC_PROFILE=profile)
    subprocess.run([args.program], env=variables, check=True, stdout=subprocess.DEVNULL, timeout=60)
    paths = []
    for kind in ('svg', 'html'):
        flame, heap = (os.path.join(folder, f'{name}.{kind}') for name in ('flame', 'map'))
        subprocess.run([args.bumprun, 'profile', profile, '--type', 'alloc_space', '--svg', flame],
                       check=True, timeout=60)
        subprocess.run([args.bumprun, 'map', '--at-exit', '-o', heap, '--library', args.library,
                        args.program], check=True, stdout=subprocess.DEVNULL, timeout=100)
        paths += [('flame', flame), ('map', heap)]
        chart = os.path.join(folder, f'chart.{kind}')
        subprocess.run([args.bumprun, 'compare', '--rounds', '1', '--only', 'glibc,bumpalloc',
                        '--library', args.library, '--svg', chart, sys.executable, '-c', BREATHES],
                       check=True, stdout=subprocess.DEVNULL, timeout=100)
        paths += [('chart', chart)]
    return paths


def widest(dom):
    """Widths of the frames by name."""
    frames = re.findall(r'data-w="([0-9.]+)" data-n="([^"]+)"', dom)
    widths = {}
    for width, name in frames:
        widths[name] = max(widths.get(name, 0), float(width))
    return widths


def check_flame(dom, failures):
    widths = widest(dom)
    for name in ('all', 'main', 'grows', 'batches', 'run_large', 'thread_allocates'):
        if name not in widths:
            failures.append(f'flame: no frame {name}')
    if abs(widths.get('all', 0) - 1) > 1e-6 or not 0.7 < widths.get('main', 0) < 1:
        failures.append(f'flame: widths {widths}')
    rows = re.findall(r'data-n="(all|main)".*?<rect [^>]*?y="([0-9.]+)"', dom)
    if [name for name, _ in sorted(rows, key=lambda row: float(row[1]))][0] != 'all':
        failures.append(f'flame: the root is not the topmost: {rows}')
    if 'all: ' not in dom or 'click a frame' not in dom:
        failures.append('flame: no titles')


def check_map(dom, failures):
    cells = dom.count('class="cell"')
    if cells < 500:
        failures.append(f'map: {cells} cells')
    for words in ('Why RSS is what it is', 'Small objects: the arena area', 'id="legend"',
                  'Large objects: slots', 'id="chunks"', 'id="slots"', 'in use', 'free, dirty',
                  'objects of 6144 bytes in use'):
        if words not in dom:
            failures.append(f'map: no "{words}"')


def highest(part):
    """Of each line in a part of the chart: its name, and how high it goes in pixels."""
    lines = re.findall(r'<title>([^<,]+), peak [^<]*</title>\s*<polyline[^>]* points="([^"]+)"', part)
    heights = {}
    for name, points in lines:
        ys = [float(point.split(',')[1]) for point in points.split()]
        heights[name] = (ys[0] - min(ys), ys[0] - ys[-1], len(ys))
    return heights


def check_chart(dom, failures):
    """Memory rises by what the program takes, and live bytes fall by what it drops."""
    if 'id="rss"' not in dom or 'id="ours"' not in dom:
        failures.append('chart: a panel is missing')
        return
    rss, ours = (highest(part) for part in dom.split('id="rss"')[1].split('id="ours"'))
    if set(rss) != {'glibc', 'bumpalloc'} or set(ours) != {'RSS', 'live', 'dirty'}:
        failures.append(f'chart: lines {set(rss)} and {set(ours)}')
        return
    for name, (height, _, count) in rss.items():
        if height < 100 or count < 20:
            failures.append(f'chart: {name} rises by {height} of 280 pixels, in {count} points')
    if ours['live'][0] < 100 or ours['live'][1] > 0.8 * ours['live'][0]:
        failures.append(f'chart: live {ours["live"]}')


CHECKS = {'flame': check_flame, 'map': check_map, 'chart': check_chart}


def check(name, path, dom, failures):
    with open(path, encoding='utf-8') as stream:
        text = stream.read()
    if 'parsererror' in dom or '<svg' not in dom:
        failures.append(f'{path}: not well-formed: {dom[:300]}')
    elsewhere = re.findall(r'(?:href|src|url)\s*[=(]\s*["\']?(?:https?:)?//', text)
    if elsewhere:
        failures.append(f'{path}: fetches {elsewhere}')
    if 'prefers-color-scheme:dark' not in text:
        failures.append(f'{path}: no dark colours')
    CHECKS[name](dom, failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program', help='test/profile/sites')
    parser.add_argument('--library', required=True)
    parser.add_argument('--bumprun', required=True)
    args = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    failures = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name, path in make(args, folder):
            dom = browse(browser, path, folder) if browser else open(path, encoding='utf-8').read()
            check(name, path, dom, failures)
    print('\n'.join(failures))
    if failures:
        return 1
    return 0 if browser else SKIP


if __name__ == '__main__':
    sys.exit(main())
