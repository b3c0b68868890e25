# SPDX-License-Identifier: GPL-2.0-or-later
# A container reads files at its own memory.max while memory is free: attribution io, no action.
story 1
machine total=4G available=3G
group pod used=30M limit=256M
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 2s read pod rate=100M until=2G
at 22s free pod
until 40s
