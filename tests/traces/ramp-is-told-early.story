# SPDX-License-Identifier: GPL-2.0-or-later
# With the tripwire: a hog of 20 MiB/s in a container of 128 MiB on a host with plenty. It is told at
# a seventh of the limit, more than five seconds before the kernel kills.
story 1
machine total=8G available=6G tripwire
group pod used=4M limit=128M
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 30s grow pod rate=20M until=200M
until 50s
