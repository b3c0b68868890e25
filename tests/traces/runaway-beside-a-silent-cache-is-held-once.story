# SPDX-License-Identifier: GPL-2.0-or-later
# profile: server
# The cache never answers. The first job is held for as long as Hold= allows, which may not be enough;
# for the second only the deadline is waited for.
story 1
machine total=8G available=6G tripwire
group slice limit=192M
group web parent=slice used=1M
group job parent=slice used=1M
group next parent=slice used=1M
module web-cache group=web size=64M kind=cache shed manner=silent
at 10s grow job rate=100M until=120M
at 40s free job
at 100s grow next rate=100M until=120M
until 140s
