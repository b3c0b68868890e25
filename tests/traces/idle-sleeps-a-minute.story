# SPDX-License-Identifier: GPL-2.0-or-later
# With the tripwire: ten minutes in which services do next to nothing. One look a minute; a limited
# one that allocates a little is looked at for that alone.
story 1
machine total=1G available=500M tripwire
group slice limit=400M
group web parent=slice used=20M cache=10M
group db used=100M
group pod used=40M limit=128M
module web-cache group=web size=50M kind=cache shed unload idle=1h answer=20ms
at 3min grow db rate=1M until=104M
at 6min grow pod rate=1M until=41M
until 10min
