# SPDX-License-Identifier: GPL-2.0-or-later
# All tasks wait for a slow disk on a host with memory to spare: named io, left alone.
story 1
machine total=8G available=6G
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 2s stall some=60% full=40%
at 12s stall some=0
until 30s
