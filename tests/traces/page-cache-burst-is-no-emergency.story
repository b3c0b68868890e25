# SPDX-License-Identifier: GPL-2.0-or-later
# A backup reads through 800 MiB of files on a host of 1 GiB: cache is not shortage.
story 1
machine total=1G available=900M
group backup used=20M
group web used=20M
module web-cache group=web size=50M kind=cache shed unload idle=1h answer=20ms
at 2s read backup rate=200M until=800M
until 30s
