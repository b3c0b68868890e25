# SPDX-License-Identifier: GPL-2.0-or-later
"""What the structure tests share: the files of the source tree, and how a test says its verdict."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*suffixes):
    """Paths relative to ROOT of all files that are or could be committed, with one of the suffixes."""
    try:
        out = subprocess.run(
            ['git', '-C', ROOT, '-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'],
            check=True, capture_output=True, text=True).stdout
        names = sorted(set(out.split('\0')) - {''})
    except (OSError, subprocess.CalledProcessError):  # a release archive has no .git
        names = sorted(
            str(p.relative_to(ROOT)) for p in ROOT.rglob('*')
            if p.is_file() and not p.relative_to(ROOT).parts[0].startswith(('build', '.git')))
    paths = [Path(n) for n in names if not suffixes or n.endswith(suffixes)]
    return [p for p in paths if (ROOT / p).is_file()]


def text(path):
    return (ROOT / path).read_text(encoding='utf-8', errors='replace')


def read_table(path, first_heading):
    """The rows (lists of cells) of the markdown table whose first heading is this one."""
    rows, inside = [], False
    for line in text(path).splitlines():
        cells = [c.strip() for c in line.strip().strip('|').split('|')] if line.startswith('|') else []
        if not cells:
            inside = False
        elif inside:
            if set(cells[0]) - set('-: '):
                rows.append(cells)
        else:
            inside = cells[0] == first_heading
    return rows


def finish(faults, checked):
    """Print the faults and leave. A test that looked at nothing has not held."""
    for fault in faults:
        print(fault)
    if not checked:
        print('nothing was found to check: the test looks in the wrong place')
        sys.exit(1)
    if faults:
        print(f'{len(faults)} of {checked} checked')
        sys.exit(1)
    print(f'{checked} checked')
    sys.exit(0)
