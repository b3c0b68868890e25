# SPDX-License-Identifier: GPL-2.0-or-later
# A container of 150 MiB fills its own cache of 100 MiB as fast as it can and reports as it goes; then
# 48 MiB are left. That is a notice and no more: asked to give, it would give what it has just taken.
story 1
machine total=4G available=3G tripwire
group pod used=2M limit=150M
module pod-cache group=pod size=0 kind=cache shed answer=5ms
at 10s fill pod-cache bytes=100M rate=300M
until 40s
