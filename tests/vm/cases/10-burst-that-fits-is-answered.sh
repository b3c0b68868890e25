# SPDX-License-Identifier: GPL-2.0-or-later
# test: a burst 150 MB beyond what is free finishes, because three caches gave way
# repeat: 2
# timeout: 600

start_reliefd
for i in 1 2 3; do
	start_cache "cache-$i" --size=100M
done
burst
