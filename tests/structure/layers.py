#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real include lines against the table "Who may include what" of controller/README.md.

A row names a part (a folder, or a file with its header), the paths it may include (a folder, or
one header) and the libraries it may link, told by their headers. A file belongs to the row with
the longest path that fits it. Each part may include itself.
"""

import re
from pathlib import Path

import tree

TABLE = 'controller/README.md'
PARTS = ('bpf/', 'policies/', 'controller/')
GENERATED = {'config.h', 'bpf/probes.skel.h'}
# where the public header of librelief lies, seen from the root
CLIENT_INCLUDE = 'controller/client/include'

HEADERS = [
    ('systemd/', 'libsystemd'),
    ('sys/capability.h', 'libcap'),
    ('pthread.h', 'threads'),
    ('threads.h', 'threads'),
    ('libeconf.h', 'libeconf'),
    ('libsmartcols', 'libsmartcols'),
    ('json-c/', 'json-c'),
    ('json.h', 'json-c'),
    ('curses.h', 'ncurses'),
    ('bpf/', 'libbpf'),
    ('math.h', 'libm'),
]


def covers(prefix, path):
    """Whether a path of the table covers this file: itself, its folder, or the .c beside the .h."""
    if path == prefix or path.startswith(prefix.rstrip('/') + '/'):
        return True
    return prefix.endswith('.c') and path == prefix[:-1] + 'h'


def cell_words(cell):
    return [] if cell in ('–', '-', '') else [w.strip().strip('`').rstrip('/') for w in cell.split(',')]


def read_parts():
    parts = {}
    for row in tree.read_table(TABLE, 'part'):
        part, may_include, may_link = row
        parts[part.strip('`').rstrip('/')] = (cell_words(may_include), cell_words(may_link))
    return parts


def part_of(path, parts):
    return max((p for p in parts if covers(p, path)), key=len, default=None)


def resolve(name, includer):
    """The file of the tree that an include line names, or None for a system header."""
    for base in ('', CLIENT_INCLUDE, str(Path(includer).parent)):
        path = Path(base) / name
        if (tree.ROOT / path).is_file():
            return str(path)
    return None


def library_of(header):
    return next((library for start, library in HEADERS if header.startswith(start)), None)


def check_include(path, part, header, parts):
    """One include line: what is wrong with it, or None."""
    allowed, libraries = parts[part]
    if header in GENERATED:
        return None
    target = resolve(header, path)
    if target is None:
        library = library_of(header)
        if library and library not in libraries:
            return f'<{header}> is of {library}; {part} may link: {", ".join(libraries) or "nothing"}'
        return None
    if covers(part, target) or any(covers(a, target) for a in allowed):
        return None
    return f'"{header}"; {part} may include: {", ".join(allowed) or "only itself"}'


def check_table(parts):
    """A row for a path that is gone misleads its readers."""
    for part, (allowed, _) in parts.items():
        for path in [part] + allowed:
            if not (tree.ROOT / path).exists():
                yield f'{TABLE}: the row of {part} names {path}, which does not exist'


def main():
    parts = read_parts()
    if not parts:
        tree.finish([f'{TABLE}: no table with the first heading "part"'], 1)
    faults, checked = list(check_table(parts)), 0
    for path in map(str, tree.files('.c', '.h')):
        if not path.startswith(PARTS):
            continue
        part = part_of(path, parts)
        if part is None:
            faults.append(f'{path}: no row of {TABLE} covers it')
            continue
        for n, line in enumerate(tree.text(path).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not found:
                continue
            checked += 1
            fault = check_include(path, part, found[1], parts)
            if fault:
                faults.append(f'{path}:{n}: includes {fault}')
    tree.finish(faults, checked)


main()
