# SPDX-License-Identifier: GPL-2.0-or-later
# profile: server
# With the tripwire and the brake: in a slice of 192 MiB a job fills the room at 300 MiB/s beside a
# cache that needs 0.4 s to answer: too long, so it is held. The cache gives back, the job goes on,
# and nobody is killed (without the brake it is: --profile=default).
story 1
machine total=8G available=6G tripwire
group slice limit=192M
group web parent=slice used=10M
group job parent=slice used=10M
module web-cache group=web size=64M kind=cache shed answer=400ms
at 10s grow job rate=300M until=150M
at 40s free job
until 60s
