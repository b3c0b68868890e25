# SPDX-License-Identifier: GPL-2.0-or-later
# The same in a service that registers its cache when it is full: the growth is over by then, and it was
# the cache.
story 1
machine total=4G available=3G tripwire
group pod used=2M limit=150M
module pod-cache group=pod size=0 kind=cache later shed answer=5ms
at 10s fill pod-cache bytes=100M rate=300M
at 10.34s register pod-cache
until 40s
