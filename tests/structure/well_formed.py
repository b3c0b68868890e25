#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""XML (introspection, bus and polkit policy) and JSON files parse."""

import json
import re
from xml.etree import ElementTree

import tree


def is_xml(path):
    return path.suffix in ('.xml', '.policy') or (
        path.suffix == '.conf' and re.match(r'\s*(<\?xml|<!--|<!DOCTYPE|<busconfig)', tree.text(path)))


def check(path):
    try:
        if path.suffix == '.json':
            json.loads(tree.text(path))
        else:
            ElementTree.fromstring(tree.text(path))
    except (ElementTree.ParseError, ValueError) as e:
        return f'{path}: {e}'
    return None


def main():
    paths = [p for p in tree.files() if p.suffix == '.json' or is_xml(p)]
    tree.finish([fault for fault in map(check, paths) if fault], len(paths))


main()
