# SPDX-License-Identifier: GPL-2.0-or-later
# test: with all inotify instances used up reliefd starts, says so, finds services, and gets over it
# release: 13
# timeout: 240

limit=/proc/sys/fs/inotify/max_user_instances
before=$(cat $limit)
give_back() {
	echo "$before" >$limit
}
cleanup_fn sh -c "echo $before >$limit"

known() { # UNIT: reliefd follows it
	busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager GetGroupByUnit s "$1"
}

lacks() { # NAME
	[[ $(manager DegradedReasons) == *"$1"* ]]
}

lacks_not() {
	! lacks "$1"
}

# Those that have one keep it; nobody of root's gets another.
echo 1 >$limit
start_reliefd
assert "the degradation is named" lacks no-inotify
start_unit late -- sleep 60
assert "a birth is found late" wait_for 15 known late.service
give_back
assert "it is over by itself" wait_for 15 lacks_not no-inotify
start_unit next -- sleep 60
assert "a birth is noticed at once" wait_for 3 known next.service
assert_journal 'no-inotify is over'

# And the same in a reload.
echo 1 >$limit
reliefctl reload || fail "the reload"
assert "the degradation is named again" wait_for 5 lacks no-inotify
start_unit more -- sleep 60
assert "a birth is found late after a reload" wait_for 15 known more.service
give_back
assert "it is over again" wait_for 15 lacks_not no-inotify
