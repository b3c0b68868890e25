# SPDX-License-Identifier: GPL-2.0-or-later
# A cache that is busy while it fills, in two bursts, reports its size only after each. The process that
# registered it is seen growing meanwhile.
story 1
machine total=4G available=3G tripwire
group pod used=2M limit=150M
module pod-cache group=pod size=0 kind=cache shed answer=5ms
at 10s fill pod-cache bytes=50M rate=300M quiet
at 12s fill pod-cache bytes=50M rate=300M quiet
until 40s
