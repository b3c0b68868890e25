#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions stay under 60 lines, C files under 500 (tests: 800), or long.txt says why not.

The formatting makes functions easy to find: a brace alone in the first column opens one, the next
such brace closes it, and what stands before it up to a blank line or the end of another is its
head. Prints the median and the 90th percentile too; an entry of long.txt that is no longer needed
is a fault.
"""

import re

import tree

MAX_FUNCTION = 60
MAX_FILE = 500
MAX_TEST_FILE = 800  # a list of short functions that can be read in any order
REASONS = 'tests/structure/long.txt'


def functions(lines):
    """(name, number of lines from the head's first to the closing brace)"""
    start = None
    for n, line in enumerate(lines):
        if line == '{' and start is None:
            start = n
            while start > 0 and lines[start - 1] and not re.match(r'[}#/]| \*', lines[start - 1]):
                start -= 1
        elif line == '}' and start is not None:
            found = re.search(r'(\w+)\(', ' '.join(lines[start:n]))
            if found:
                yield found[1], n - start + 1
            start = None


def read_reasons():
    reasons = {}
    for line in tree.text(REASONS).splitlines():
        if line and not line.startswith('#'):
            name, _, reason = line.partition(' ')
            reasons[name] = reason.strip()
    return reasons


def main():
    reasons, needed, faults, lengths, n_files = read_reasons(), set(), [], [], 0

    def check(name, length, limit):
        if length <= limit:
            return
        needed.add(name)
        if not reasons.get(name):
            faults.append(f'{name}: {length} lines, more than {limit}; split it, or give the reason '
                          f'in {REASONS}')

    for path in tree.files('.c', '.h'):
        lines = tree.text(path).splitlines()
        n_files += 1
        check(str(path), len(lines), MAX_TEST_FILE if path.parts[0] == 'tests' else MAX_FILE)
        for function, length in functions(lines):
            lengths.append(length)
            check(f'{path}:{function}', length, MAX_FUNCTION)
    faults += [f'{REASONS}: {name} is not long any more' for name in sorted(set(reasons) - needed)]

    lengths.sort()
    if lengths:
        print(f'{len(lengths)} functions in {n_files} files: median {lengths[len(lengths) // 2]} lines, '
              f'90th percentile {lengths[len(lengths) * 9 // 10]}')
    tree.finish(faults, len(lengths))


main()
