# SPDX-License-Identifier: GPL-2.0-or-later
# A cache that grows slowly on until 10 MiB of 150 would be left: it is asked for what is missing to the
# threshold, again and again, and never for more.
story 1
machine total=4G available=3G tripwire
group pod used=2M limit=150M
module pod-cache group=pod size=0 kind=cache shed answer=5ms
at 10s fill pod-cache bytes=138M rate=4M
until 60s
