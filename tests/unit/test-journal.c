/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Records as journald gets them: a mount namespace of our own puts a socket where it has its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "controller/base/journal_record.h"
#include "controller/base/log.h"
#include "controller/journal/journal.h"
#include "controller/journal/message_ids.h"
#include "fixture.h"
#include "group_world.h"

static int journald = -1;

/*
 * For a moment stderr is a file that $JOURNAL_STREAM names: that is how a service knows its
 * journal, and it looks only once.
 */
static void pretend_service(void)
{
	int fd = open("/run/stderr", O_RDWR | O_CREAT | O_CLOEXEC, 0600), ours = dup(STDERR_FILENO);
	char stream[64];
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	assert_true(log_is_journal());
	assert_true(dup2(ours, STDERR_FILENO) >= 0);
	close(fd);
	close(ours);
}

/* Returns: 0, or -1 where this process may not have a mount namespace. */
static int become_journald(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		return -1;
	assert_int_equal(mkdir("/run/systemd", 0755), 0);
	assert_int_equal(mkdir("/run/systemd/journal", 0755), 0);
	journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(journald, (const struct sockaddr *)&address, sizeof(address)), 0);
	pretend_service();
	return 0;
}

/* The next record; each field is a line, and so is what stands before the first. */
static const char *receive(void)
{
	static char record[JOURNAL_RECORD_SIZE + 2];
	ssize_t n;

	record[0] = '\n';
	n = recv(journald, record + 1, JOURNAL_RECORD_SIZE, MSG_DONTWAIT);
	assert_true(n > 0);
	record[1 + n] = '\0';
	return record;
}

static void assert_field(const char *record, const char *field)
{
	char line[512];

	snprintf(line, sizeof(line), "\n%s\n", field);
	if (!strstr(record, line))
		fail_msg("no %s in:%s", field, record);
}

static uint64_t id_of(struct world *w, const char *path)
{
	const struct group *group = group_set_find(w->set, path);

	assert_non_null(group);
	return group->id;
}

static void an_oom_victim_is_told_with_its_unit(void **state)
{
	struct world *w = *state;
	struct kernel_event event = { .kind = KERNEL_EVENT_OOM_VICTIM,
				      .pid = 4711,
				      .rss_bytes = 120 * MIB,
				      .comm = "fifteen-letters" };
	const char *record;

	world_open(w, MAX_GROUPS);
	event.group_id = id_of(w, "/system.slice/a.service");
	journal_oom_victim(&event, w->set);
	record = receive();
	assert_field(record, "MESSAGE=The kernel's OOM killer chose process 4711 (fifteen-letters) "
			     "in a.service: 120M resident");
	assert_field(record, "MESSAGE_ID=" MESSAGE_ID_OOM_KILL);
	assert_field(record, "PRIORITY=4");
	assert_field(record, "CGROUP=/system.slice/a.service");
	assert_field(record, "OBJECT_SYSTEMD_UNIT=a.service");
	assert_field(record, "OBJECT_PID=4711");
	assert_field(record, "COMM=fifteen-letters");
	assert_field(record, "RSS_BYTES=125829120");

	event.group_id = 1ULL << 60;
	journal_oom_victim(&event, w->set);
	record = receive();
	assert_field(record, "MESSAGE=The kernel's OOM killer chose process 4711 (fifteen-letters) "
			     "in a group that is not under control: 120M resident");
	assert_null(strstr(record, "\nOBJECT_SYSTEMD_UNIT="));
}

static const char *write_brake(struct world *w, const struct brake_change *change, bool dry_run)
{
	struct brake_change brakes[] = { *change };
	const struct decision decision = { .brakes = brakes, .n_brakes = 1, .max_brakes = 1 };

	journal_publish(&decision, w->set, NULL, NULL, dry_run, 0);
	return receive();
}

static void a_hold_and_its_end_are_told(void **state)
{
	struct world *w = *state;
	struct brake_change change = {
		.id = 12,
		.brake = BRAKE_THROTTLE,
		.reason = REASON_RUNAWAY,
		.short_slot = GROUP_SLOT_HOST,
		.episode_id = 3,
		.time_left_usec = 400 * USEC_PER_MSEC,
		.headroom_bytes = 80 * MIB,
	};
	const char *record;

	world_open(w, MAX_GROUPS);
	change.group_slot = group_set_find(w->set, "/system.slice/a.service")->slot;
	change.group_id = id_of(w, "/system.slice/a.service");
	change.short_id = group_set_get(w->set, GROUP_SLOT_HOST)->id;
	record = write_brake(w, &change, false);
	assert_non_null(strstr(record,
			       "\nMESSAGE=Brake on for system.slice/a.service: throttle, as "
			       "the host has 80M left, gone in 400ms. It grows"));
	assert_field(record, "MESSAGE_ID=" MESSAGE_ID_BRAKE_ON);
	assert_field(record, "PRIORITY=4");
	assert_field(record, "OBJECT_SYSTEMD_UNIT=a.service");
	assert_field(record, "BRAKE=throttle");
	assert_field(record, "REASON=runaway");
	assert_field(record, "SHORT_CGROUP=/");
	assert_field(record, "TIME_LEFT_USEC=400000");
	assert_field(record, "HEADROOM_BYTES=83886080");
	assert_field(record, "ACTION_ID=12");
	assert_field(record, "EPISODE_ID=3");
	assert_null(strstr(record, "\nDRY_RUN="));

	record = write_brake(w, &change, true);
	assert_field(record, "DRY_RUN=1");
	assert_non_null(strstr(record, "\nMESSAGE=Dry run, not done: Brake on for "));

	change.brake = BRAKE_OFF;
	change.reason = REASON_RELIEVED;
	change.duration_usec = 1500 * USEC_PER_MSEC;
	change.time_left_usec = USEC_NEVER;
	record = write_brake(w, &change, false);
	assert_field(record, "MESSAGE=Brake off for system.slice/a.service after 1.5s. Let go, "
			     "because enough memory was given back.");
	assert_field(record, "MESSAGE_ID=" MESSAGE_ID_BRAKE_OFF);
	assert_field(record, "PRIORITY=5");
	assert_field(record, "BRAKE=off");
	assert_field(record, "DURATION_USEC=1500000");
	assert_null(strstr(record, "\nTIME_LEFT_USEC="));
}

static void a_level_without_a_limit_has_no_number(void **state)
{
	struct world *w = *state;
	struct level_change change = {
		.old_level = LEVEL_LOW,
		.new_level = LEVEL_HIGH,
		.is_news = true,
		.headroom_bytes = BYTES_UNLIMITED,
		.time_left_usec = USEC_NEVER,
		.reason = REASON_TIME_SHORT,
	};
	const struct decision decision = { .level_changes = &change, .n_level_changes = 1 };
	const char *record;

	world_open(w, MAX_GROUPS);
	change.group_slot = group_set_find(w->set, "/system.slice/a.service")->slot;
	change.group_id = id_of(w, "/system.slice/a.service");
	journal_publish(&decision, w->set, NULL, NULL, false, 0);
	record = receive();
	assert_non_null(
		strstr(record, "\nMESSAGE=Memory of system.slice/a.service is high, was low. "));
	assert_null(strstr(record, "\nHEADROOM_BYTES="));
	assert_null(strstr(record, "\nTIME_LEFT_USEC="));
	change.headroom_bytes = 80 * MIB;
	change.time_left_usec = 1600 * USEC_PER_MSEC;
	journal_publish(&decision, w->set, NULL, NULL, false, 0);
	record = receive();
	assert_non_null(
		strstr(record, "is high, was low: 80M left, gone in 1.6s at this growth. "));
	assert_field(record, "HEADROOM_BYTES=83886080");
	assert_field(record, "TIME_LEFT_USEC=1600000");
}

static void single_steps_are_told_at_debug_only(void **state)
{
	struct world *w = *state;
	struct finish finish = { .action = { .module_slot = SLOT_NONE }, .result = RESULT_LATE };
	struct action action = { .module_slot = SLOT_NONE, .rung = RUNG_RECLAIM };
	struct rung_report rung = { .rung = RUNG_SHED, .reason = REASON_GOAL_MISSED };
	struct level_change fall = { .old_level = LEVEL_HIGH, .reason = REASON_RECOVERED };
	const struct decision decision = {
		.finishes = &finish,
		.n_finishes = 1,
		.actions = &action,
		.n_actions = 1,
		.rungs = &rung,
		.n_rungs = 1,
		.level_changes = &fall,
		.n_level_changes = 1,
	};
	char buf[8];

	world_open(w, MAX_GROUPS);
	journal_publish(&decision, w->set, NULL, NULL, false, 0);
	assert_int_equal(recv(journald, buf, sizeof(buf), MSG_DONTWAIT), -1);
	log_set_max_level(LOG_DEBUG);
	journal_publish(&decision, w->set, NULL, NULL, false, 0);
	log_set_max_level(LOG_INFO);
	assert_field(receive(), "MESSAGE_ID=" MESSAGE_ID_LEVEL_CHANGED);
	assert_field(receive(), "MESSAGE_ID=" MESSAGE_ID_ACTION_LATE);
	assert_field(receive(), "MESSAGE_ID=" MESSAGE_ID_RUNG_MISSED);
	assert_field(receive(), "MESSAGE_ID=" MESSAGE_ID_ACTION_STARTED);
	assert_int_equal(recv(journald, buf, sizeof(buf), MSG_DONTWAIT), -1);
}

static void the_sum_of_a_shortage_is_in_the_log_of_each_service(void **state)
{
	struct world *w = *state;
	_cleanup_(tallies_free_cleanup) struct tallies *tallies = NULL;
	struct level_change rise = { .new_level = LEVEL_HIGH, .episode_id = 3, .is_news = true };
	struct episode_report report = {
		.episode_id = 3,
		.peak_level = LEVEL_HIGH,
		.duration_usec = 14 * USEC_PER_SEC,
		.n_requests = 2,
	};
	struct finish finishes[] = {
		{ .measured_bytes = 30 * MIB, .claimed_bytes = 30 * MIB },
		{ .claimed_bytes = 20 * MIB, .result = RESULT_LATE },
	};
	struct decision decision = {
		.level_changes = &rise,
		.n_level_changes = 1,
	};
	static const char *const paths[] = { "/system.slice/a.service", "/system.slice/b.service" };
	const char *record;

	fake_mkdir(&w->fake, "/system.slice/b.service");
	world_open(w, MAX_GROUPS);
	rise.group_id = report.group_id = group_set_get(w->set, GROUP_SLOT_HOST)->id;
	for (size_t i = 0; i < 2; i++)
		finishes[i].action = (struct action){
			.episode_id = 3,
			.group_slot = group_set_find(w->set, paths[i])->slot,
			.group_id = id_of(w, paths[i]),
			.module_slot = SLOT_NONE,
			.bytes = 30 * MIB,
		};
	assert_int_equal(tallies_new(&tallies, w->set, NULL, NULL), 0);
	tallies_see(tallies, &decision, false, 0);
	report.measured_bytes[RUNG_SHED] = 30 * MIB;
	decision = (struct decision){
		.finishes = finishes,
		.n_finishes = 2,
		.episodes = &report,
		.n_episodes = 1,
	};
	tallies_see(tallies, &decision, false, 0);
	journal_publish(&decision, w->set, NULL, tallies, false, 0);
	record = receive();
	assert_field(record, "MESSAGE=Shortage of the host is over after 14s: at worst high; 2 "
			     "requests gave 30M (shed 30M): a.service 30M; b.service 0B of 20M "
			     "claimed, 1 late");
	assert_field(record, "OBJECT_SYSTEMD_UNIT=a.service");
	assert_field(record, "OBJECT_SYSTEMD_UNIT=b.service");
	assert_field(record, "ASKED=60M");
	assert_field(record, "CLAIMED_BYTES=52428800");
	assert_field(record, "MEASURED_BYTES=31457280");
	assert_field(record, "N_LATE=1");
	assert_field(record, "PRIORITY=5");
}

#define with_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(an_oom_victim_is_told_with_its_unit),
		with_world(a_hold_and_its_end_are_told),
		with_world(a_level_without_a_limit_has_no_number),
		with_world(single_steps_are_told_at_debug_only),
		with_world(the_sum_of_a_shortage_is_in_the_log_of_each_service),
	};

	if (become_journald() < 0) {
		printf("skipped: no mount namespace to be had: %s\n", strerror(errno));
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
