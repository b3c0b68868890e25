#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written about the bus and the journal is complete.

The manual page names every member of the interfaces; the catalogue has every message id of
message_ids.h and no other, its @FIELD@s are fields that the journal's files write, and no FIELD= stands for its value.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(os.environ['SOURCE_ROOT'])
PAGE = 'packaging/man/org.reliefd.Relief1.5.scd'
CATALOG = 'packaging/journal/reliefd.catalog'
IDS = 'controller/journal/message_ids.h'
JOURNAL = 'controller/journal/journal*.c'
ERRORS = 'controller/bus/bus_error.h'


def text(path):
    return (ROOT / path).read_text()


def journal():
    return ''.join(path.read_text() for path in sorted(ROOT.glob(JOURNAL)))


def undocumented_members():
    page = text(PAGE)
    for path in sorted((ROOT / 'packaging/dbus').glob('*.xml')):
        for member in ElementTree.parse(path).getroot().iter():
            if member.tag not in ('method', 'property', 'signal'):
                continue
            if f'*{member.get("name")}*' not in page:
                yield f'{PAGE} does not name {member.tag} {member.get("name")} of {path.name}'
    for error in re.findall(r'Error\.(\w+)"', text(ERRORS)):
        if f'*{error}*' not in page:
            yield f'{PAGE} does not name the error {error}'


def catalog_faults():
    ids = dict(re.findall(r'#define MESSAGE_ID_(\w+)\s+"([0-9a-f]{32})"', text(IDS)))
    entries = re.findall(r'^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)', text(CATALOG), re.M | re.S)
    found = [i for i, _ in entries]
    for name, i in ids.items():
        if found.count(i) != 1:
            yield f'{CATALOG}: {found.count(i)} entries for {name}'
        if f'MESSAGE_ID_{name}' not in journal():
            yield f'{JOURNAL} never writes {name}'
    for i in set(found) - set(ids.values()):
        yield f'{CATALOG}: {i} is not in {IDS}'
    written = set(re.findall(r'"([A-Z_]+)"', journal())) | {'MESSAGE'}
    for unit, key in re.findall(r'journal_add_(bytes|usec)\(\S+\s*"([A-Z_]+)"', journal()):
        written.add(f'{key}_{unit.upper()}')
    for i, body in entries:
        for field in re.findall(r'@([A-Z_]+)@|\b([A-Z_]{4,})=', body):
            if ''.join(field) not in written:
                yield f'{CATALOG}: {i}: {"".join(field)} is no field that {JOURNAL} writes'
        for field in re.findall(r'\b([A-Z]+_[A-Z_]+|REASON|SIGNAL|RUNG)=(?![@1])', body):
            yield f'{CATALOG}: {i}: {field}= stands without its value: write @{field}@'
    if not ids:
        yield f'{IDS}: no ids'


faults = [*undocumented_members(), *catalog_faults()]
sys.exit('\n'.join(faults) or 0)
