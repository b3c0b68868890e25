#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bus-journald.py SOCKET: prints what arrives there in journald's native protocol, one JSON object a record."""

import json
import socket
import struct
import sys


def fields(data):
    while data:
        line, _, rest = data.partition(b'\n')
        key, equals, value = line.partition(b'=')
        if not equals:  # KEY, newline, 64-bit length, value, newline
            (length,) = struct.unpack('<Q', rest[:8])
            value, rest = rest[8:8 + length], rest[9 + length:]
        yield key.decode(), value.decode(errors='replace')
        data = rest


server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print('{}', flush=True)
while True:
    print(json.dumps(dict(fields(server.recv(1 << 20)))), flush=True)
