# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody asks for 180 MiB on a calm host: shed, unload, reclaim in turn, as far as was allowed.
story 1
machine total=2G available=1500M
group web used=20M cache=60M
group ai used=20M
module web-cache group=web size=80M kind=cache shed answer=20ms
module model group=ai size=60M kind=model unload idle=10min answer=100ms
at 2s order bytes=180M
at 5s order bytes=50M max_rung=shed
until 8s
