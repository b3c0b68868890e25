# SPDX-License-Identifier: GPL-2.0-or-later
# Memory goes up and down across the threshold twice a second: one level, one episode, told once.
story 1
machine total=1G available=240M
group wave
at 2s grow wave rate=400M until=60M
at 2.5s free wave
at 3s grow wave rate=400M until=60M
at 3.5s free wave
at 4s grow wave rate=400M until=60M
at 4.5s free wave
at 5s grow wave rate=400M until=60M
at 5.5s free wave
at 6s grow wave rate=400M until=60M
at 6.5s free wave
at 7s grow wave rate=400M until=60M
at 7.5s free wave
at 8s grow wave rate=400M until=60M
at 8.5s free wave
at 9s grow wave rate=400M until=60M
at 9.5s free wave
at 10s grow wave rate=400M until=60M
at 10.5s free wave
at 11s grow wave rate=400M until=60M
at 11.5s free wave
until 25s
