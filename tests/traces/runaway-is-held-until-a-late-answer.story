# SPDX-License-Identifier: GPL-2.0-or-later
# profile: server
# In a slice of 192 MiB a job grows by 50 MiB/s beside a cache that needs 2 s to answer: it is late
# before the brake would hold anybody. The answer is owed all the same: the job is held until it came.
story 1
machine total=8G available=6G tripwire
group slice limit=192M
group web parent=slice used=1M
group job parent=slice used=1M
module web-cache group=web size=64M kind=cache shed unload answer=2s
at 10s grow job rate=50M until=151M
until 40s
