#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the policies library asks of the outside: nothing that has a clock, a file or an effect.

usage: purity.py LIBPOLICIES.A    names every undefined symbol that is not on the list below
"""

import re
import subprocess
import sys

import tree

ALLOWED = re.compile(r'''
    mem(cpy|move|set|cmp|chr) | str(n?cmp|n?len|chr|rchr|n?cpy|n?casecmp|spn|cspn|str)
  | qsort | bsearch
  | v?snprintf                      # formats into the caller's buffer
  | __(mem|str|v?sn?printf)\w*_chk  # the same under _FORTIFY_SOURCE
  | __assert_fail                   # a broken invariant ends the program: no way back, no effect
  | __u?(div|mod|divmod)ti[34]      # libgcc: division of 128 bits
  | __stack_chk_fail | _GLOBAL_OFFSET_TABLE_
  | __(asan|ubsan|sanitizer|gcov|llvm)_\w+ | \w*__profc\w*   # put in by a developer's preset
''', re.VERBOSE)


def undefined(library):
    """symbol → the object that wants it, for all that no other object of the library defines"""
    wants, defines, member = {}, set(), ''
    out = subprocess.run(['nm', library], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        if line.endswith(':'):
            member = line[:-1]
            continue
        words = line.split()
        if len(words) == 2 and words[0] in 'Uw':
            wants.setdefault(words[1], member)
        elif len(words) == 3:
            defines.add(words[2])
    if not defines:
        tree.finish([f'{library}: defines nothing'], 1)
    return {s: m for s, m in wants.items() if s not in defines}, len(defines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    wants, n_defined = undefined(sys.argv[1])
    tree.finish([f'{member} uses {symbol}: policies/ is data in, data out'
                 for symbol, member in sorted(wants.items()) if not ALLOWED.fullmatch(symbol)],
                n_defined)


main()
