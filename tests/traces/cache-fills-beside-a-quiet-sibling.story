# SPDX-License-Identifier: GPL-2.0-or-later
# profile: kubernetes-node
# The limit is the pod's: one container fills its cache, another has one that is full and quiet. Neither
# is asked for what the first takes.
story 1
machine total=4G available=3G tripwire
group pod used=0 limit=512M
group main parent=pod used=10M
group side parent=pod used=10M
module main-cache group=main size=10M kind=cache shed answer=5ms
module side-cache group=side size=100M kind=cache shed idle=10min answer=5ms
at 10s fill main-cache bytes=200M rate=400M quiet
until 40s
