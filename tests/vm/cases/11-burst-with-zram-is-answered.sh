# SPDX-License-Identifier: GPL-2.0-or-later
# test: the same burst with 512 MiB of zram
# release: 12
# repeat: 2
# timeout: 600

zram_on 512M
start_reliefd
for i in 1 2 3; do
	start_cache "cache-$i" --size=100M
done
burst
