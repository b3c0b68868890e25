#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Static functions carry the name of their file, and few share a name with another.

In a backtrace, in perf and for git grep a name then says where the function is. `agents.c` may say
`agent_free`, of one of them, and `pressure_watch.c` `pressure_watcher_start`. 90 of 100 must obey,
and five names may occur twice: both figures are printed.
"""

import collections
import re

import tree

LEAST_PERCENT = 90
MOST_DOUBLES = 5
DEFINITION = re.compile(r'^static (?:inline )?(?:[\w*]+[ *\n]+)*?\**([a-z_]\w*)\([^;{]*\)\n\{', re.M)


def carries(name, stem):
    stem = stem.replace('-', '_')
    return name.startswith(stem) or stem.endswith('s') and name.startswith(stem[:-1] + '_')


def main():
    places = collections.defaultdict(set)
    strangers, n = [], 0
    for path in tree.files('.c'):
        if path.parts[0] not in ('controller', 'policies') or path.name.endswith('.bpf.c'):
            continue
        for name in set(DEFINITION.findall(tree.text(path))):
            n += 1
            places[name].add(path)
            if not carries(name, path.stem):
                strangers.append(f'{path}: {name}() does not begin with {path.stem}_')
    doubles = [f'{name}() is defined in {" and ".join(map(str, sorted(where)))}'
               for name, where in sorted(places.items()) if len(where) > 1]
    percent = 100 * (n - len(strangers)) // max(n, 1)
    print(f'{percent} % of {n} static functions carry the name of their file; {len(doubles)} names occur twice')
    faults = strangers if percent < LEAST_PERCENT else []
    faults += doubles if len(doubles) > MOST_DOUBLES else []
    tree.finish(faults, n)


main()
