# SPDX-License-Identifier: GPL-2.0-or-later
# test: a compile job, a database bulk load and JVM starts are left alone under the server profile
# release: 12
# timeout: 900

work=/var/tmp/ordinary-work
mkdir -m 777 "$work"
cleanup_fn rm -rf "$work"

cat >"$work/Makefile" <<'MAKE'
OBJECTS := $(patsubst /run/vm/source/policies/%.c,objects/%.o,$(wildcard /run/vm/source/policies/*.c))

policies.a: $(OBJECTS)
	ar crs $@ $^
objects/%.o: /run/vm/source/policies/%.c
	@mkdir -p $(@D)
	gcc -std=gnu11 -O2 -g -Wall -Wextra -I/run/vm/source -c -o $@ $<
MAKE

cat >"$work/load" <<'LOAD'
set -e
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
initdb -D db --locale=C --encoding=UTF8 >initdb.log
pg_ctl -D db -w -l db.log -o "-k $PWD -c listen_addresses=''" start >pg_ctl.log
awk 'BEGIN {
	for (i = 1; i <= 250000; i++)
		printf "%d\t%d\trow number %d with a text of some length\n", i, i * 7919 % 1000003, i
}' >rows
psql -q -h "$PWD" -v ON_ERROR_STOP=1 postgres <<SQL
CREATE TABLE t (id bigint PRIMARY KEY, k integer, words text);
\copy t FROM rows
CREATE INDEX ON t (k);
SQL
psql -At -h "$PWD" postgres -c "SELECT count(*) || ' rows, ' || pg_total_relation_size('t') || ' bytes' FROM t"
pg_ctl -D db -w -m fast stop >pg_ctl.log
LOAD

# job NAME [--property=K=V]... -- COMMAND...: to its end, as a unit of its own
job() {
	local name=$1 began

	began=$(now_ms)
	start_unit "$@"
	wait_for 400 unit_done "$name" || fail "$name does not end: $(unit_output "$name" | tail -n 5)"
	assert "$name did its work: $(unit_output "$name" | tail -n 5)" unit_succeeded "$name"
	note "$name: $(($(now_ms) - began)) ms, $(($(mem_available) >> 20)) MiB available after it"
}

start_reliefd server --log-level=debug # for the records of single steps; it changes no decision
start_cache cache --size=50M
note "available before: $(($(mem_available) >> 20)) MiB"
job compile --property=WorkingDirectory="$work" -- make -j2
job database --property=WorkingDirectory="$work" --property=User=postgres -- bash load
job jvm -- java -version
job jvm-touch -- java -Xms192m -Xmx192m -XX:+AlwaysPreTouch -version
note "$(unit_output compile | grep -c '^gcc') compiler runs; $(unit_output database | tail -n1)"
assert_eq "compiler runs" "$(find /run/vm/source/policies -name '*.c' | grep -c '')" \
	"$(unit_output compile | grep -c '^gcc')"
assert_match "the load" "^250000 rows" "$(unit_output database | tail -n1)"

medium=$(journal_count LEVEL=medium) high=$(journal_count LEVEL=high)
critical=$(journal_count LEVEL=critical) requests=$(manager NRequests)
actions=$(journal_count MESSAGE_ID="$ACTION_STARTED") brakes=$(journal_count MESSAGE_ID="$BRAKE_ON")
note "records of levels: $medium medium, $high high, $critical critical; $actions actions, $requests requests, $brakes brakes"
assert_eq "level of the host" low "$(manager Level)"
assert_eq "records of a level above low" 0 $((medium + high + critical))
assert_eq "actions" 0 "$actions"
assert_eq "requests" 0 "$requests"
assert_eq "brakes" 0 "$brakes"
assert_eq "requests the cache saw" "" "$(requests_of cache)"
assert_no_kill
