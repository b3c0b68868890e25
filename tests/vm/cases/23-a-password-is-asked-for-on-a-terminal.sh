# SPDX-License-Identifier: GPL-2.0-or-later
# test: on a terminal an ordinary user is asked for a password; without one, or with a wrong one, nothing changes
# release: 13
# timeout: 300

# A login session, as ssh or a console gives one: without it polkit asks nothing. In it script(1) gives
# the command a terminal; what is typed comes from a pipe, and after the prompt: what is typed before it
# is thrown away.

useradd -m visitor
echo 'root:correct horse' | chpasswd
start_reliefd
# Both take seconds here, and the agent is waited for in the end, but not for ever.
systemctl start polkit
runuser -l visitor -c true

on_a_terminal() { # PASSWORD COMMAND...: as an ordinary user; prints what the terminal showed
	local password=$1 shown=$scratch/shown

	shift
	: >"$shown"
	{
		wait_for 100 grep -q 'Password:' "$shown" && sleep 0.5 && echo "$password"
		wait_for 60 grep -q 'rc=' "$shown"
	} | runuser -l visitor -c "script --quiet --flush --command '$*; echo rc=\$?' /dev/null" >"$shown"
	tr -d '\r' <"$shown"
}

shown=$(on_a_terminal 'correct horse' reliefctl dry-run on)
note "$shown"
assert_match "the terminal" 'Authentication is required to' "$shown"
assert_match "the terminal" 'rc=0' "$shown"
assert_eq "dry run after the right password" true "$(manager DryRun)"

shown=$(on_a_terminal 'wrong' reliefctl dry-run off)
note "$shown"
assert_match "the terminal" 'rc=1' "$shown"
assert_match "what to do" 'sudo' "$shown"
assert_eq "dry run after a wrong password" true "$(manager DryRun)"

shown=$(runuser -u visitor -- reliefctl dry-run off 2>&1) && fail "no terminal, no password, and yet: $shown"
note "$shown"
assert_match "what to do" 'sudo' "$shown"
assert_eq "dry run without a password" true "$(manager DryRun)"
