# SPDX-License-Identifier: GPL-2.0-or-later
"""No circle of files: a file (its .c and its .h) never includes, over others, itself.

A circle means that none of its files can be read, tested or moved without all others.
"""

import re

from tree import files, finish, text

INCLUDE = re.compile(r'^#include "([^"]+)\.h"', re.M)


def read_graph():
    """{file without suffix: the files it includes}"""
    paths = [p for p in files('.c', '.h') if p.parts[0] in ('bpf', 'controller', 'policies')]
    names = {str(p.with_suffix('')) for p in paths}
    graph = {name: set() for name in names}
    for path in paths:
        name = str(path.with_suffix(''))
        for included in INCLUDE.findall(text(path)):
            for candidate in (included, str(path.parent / included)):
                if candidate in names and candidate != name:
                    graph[name].add(candidate)
    return graph


def find_circles(graph):
    """The strongly connected parts with more than one file (Tarjan's algorithm, without recursion)."""
    index, low, on_stack, stack, circles = {}, {}, set(), [], []
    for root in sorted(graph):
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on_stack:
                    low[name] = min(low[name], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    part = []
                    while not part or part[-1] != name:
                        part.append(stack.pop())
                        on_stack.discard(part[-1])
                    if len(part) > 1:
                        circles.append(sorted(part))
    return circles


def main():
    graph = read_graph()
    faults = ['these files include each other in a circle: ' + ' '.join(c)
              for c in find_circles(graph)]
    finish(faults, len(graph))


main()
