# SPDX-License-Identifier: GPL-2.0-or-later
# A container leaks towards its own limit: only what is inside it is asked; the host has plenty.
story 1
machine total=4G available=3G
group pod used=30M limit=300M
group web used=20M
module pod-cache group=pod size=100M kind=cache shed answer=20ms
module web-cache group=web size=500M kind=cache shed unload idle=1h answer=20ms
at 2s grow pod rate=20M until=320M
until 20s
