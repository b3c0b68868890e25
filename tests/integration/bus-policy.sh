#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may what: the bus policy with another user, polkit absent, polkit as it is installed

. "$(dirname "$0")/bus-lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to be another user"
as_user='setpriv --reuid=nobody --regid=nogroup --clear-groups'
polkitd=/usr/lib/polkit-1/polkitd
[ -x $polkitd ] || polkitd=/usr/libexec/polkitd
polkit_conf=/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf
# shellcheck disable=SC2034 # for start_all
more_policy="<include ignore_missing=\"yes\">$polkit_conf</include>"
start_all

user() { # busctl's arguments, as another user
	# shellcheck disable=SC2086 # words
	in_cgroup /system.slice/db.service $as_user busctl --timeout=20 "$@"
}
user_manager() {
	user call $name $root_path $manager "$@"
}

# --- everybody may look and register, and is called back
user tree --list $name | grep -x "$root_path/group/_" >/dev/null || fail "tree"
user get-property $name $root_path $manager Level | grep -q low || fail "Get"
user introspect $name $root_path >/dev/null || fail "introspect"
start_agent cache /system.slice/cache.service --size=10M
hears cache '^registered'
module=$(module_of cache)
[ "$(get "$module" $name.Module UID)" = "$(id -u nobody)" ] || fail "UID"
manager Relieve 'stsa{sv}' /system.slice/cache.service 1048576 shed 0 >/dev/null
hears cache '^request images shed'
tell cache touch
hears cache '^Touch ok'
ok "any user may look, register and is called back"
refused org.freedesktop.DBus.Error.AccessDenied 'not allowed to own' \
	user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus RequestName su $name 0

# --- no polkit: only root may change things
denied=org.freedesktop.DBus.Error.AccessDenied
refused $denied 'relieve needs root.*polkit.*not running' user_manager Relieve 'stsa{sv}' / 1 warn 0
refused $denied 'manage needs root' user_manager Reload
refused $denied 'manage needs root' user_manager SetDryRun b true
refused $denied 'relieve needs root' user call $name $root_path/group/_ $name.Group Relieve ts 1 warn
refused NotOwner '' user call $name "$module" $name.Module Touch
# nobody's own module, but on another connection: polkit is asked
refused $denied 'manage needs root' user_manager Unregister o "$module"
[ "$(get $root_path $manager DryRun)" = false ] || fail "dry run was switched"

# --- polkit
[ -x $polkitd ] && id polkitd >/dev/null 2>&1 || skip "polkitd is not installed; the rest holds"
mkdir "$dir/actions" "$dir/rules"
cp "$source_root/packaging/polkit/org.reliefd.policy" "$dir/actions/"
cat >"$dir/rules/50-test.rules" <<-'END'
	polkit.addRule(function(action, subject) {
		if (action.id == "org.reliefd.relieve" && subject.user == "nobody")
			return polkit.Result.YES;
		if (action.id == "org.reliefd.manage" && subject.user == "games")
			return polkit.Result.NO;
	});
END
chmod -R a+rX "$dir/actions" "$dir/rules"
if ! unshare --mount true 2>/dev/null; then
	echo "what polkit grants is not tried: no mount namespace to be had here"
	exit 0
fi
# Its directories are compiled in; in a mount namespace ours lie over them.
unshare --mount sh -c '
	mount --bind "$1/actions" /usr/share/polkit-1/actions &&
	mount --bind "$1/rules" /etc/polkit-1/rules.d &&
	exec "$2" --no-debug' sh "$dir" $polkitd >"$dir/polkit.out" 2>&1 &
children+=($!)
wait_for "polkit" busctl status org.freedesktop.PolicyKit1

user_manager Relieve 'stsa{sv}' / 1 warn 0 | grep -q '^tt ' || fail "a rule allows it, but: $?"
ok "what a rule allows is allowed"
refused org.freedesktop.DBus.Error.InteractiveAuthorizationRequired 'needs a password' \
	user --allow-interactive-authorization=no call $name $root_path $manager Reload
as_user=${as_user/nobody/games}
refused $denied 'does not grant org.reliefd.manage' user_manager Reload
manager Reload
ok "root is not asked about"
stop_reliefd
