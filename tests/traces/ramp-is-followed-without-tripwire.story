# SPDX-License-Identifier: GPL-2.0-or-later
# Without eBPF: the same hog in a container that holds no module. The host's growth leads to it at the
# next look of the timer, and from then on it is followed every 10 to 50 ms.
story 1
machine total=8G available=6G
group pod used=4M limit=128M
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 30s grow pod rate=20M until=200M
until 50s
