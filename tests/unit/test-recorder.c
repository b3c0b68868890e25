/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: two files of bounded size, each of which is replayed by itself
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "controller/daemon/recorder.h"
#include "controller/simulate/simulate.h"
#include "tests/unit/course.h"

#include "tests/unit/config_root.h"

static struct recorder recorder;
static char *problem;
static char path[128], old_path[128];

static void on_ended(void *data)
{
	free(take_ptr(problem));
	recorder_begin(&recorder, &problem);
}

static void start(const char *file, uint64_t max_bytes, const char *note)
{
	recorder_start(&recorder, file, max_bytes, note);
	on_ended(NULL);
}

static void begin(uint64_t max_bytes)
{
	snprintf(path, sizeof(path), "%s/record", root);
	snprintf(old_path, sizeof(old_path), "%s/record.old", root);
	recorder = (struct recorder){ .ended = { on_ended } };
	start(path, max_bytes, "profile default");
}

static void end(void)
{
	recorder_stop(&recorder);
	free(take_ptr(problem));
}

/* Memory that is taken and given back, for so many steps. */
static void record(struct course *c, int n)
{
	for (int i = 0; i < n; i++) {
		course_step(c);
		recorder_step(&recorder, &c->seen, &c->decision);
		c->seen.machine.available_bytes += i % 40 < 20 ? -20 * MIB : 20 * MIB;
		c->seen.now_usec += 200 * MSEC;
	}
}

static struct course *new_course(void)
{
	struct course *c = course_new();

	course_add_module(c, course_add_group(c, 150 * MIB), 100 * MIB);
	return c;
}

static off_t size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 ? st.st_size : -1;
}

/* What simulate says of a file, for the caller to free. */
static char *replay(const char *file)
{
	struct profile profile;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	profile_init(&profile);
	assert_int_equal(simulate_file(file, &profile, out), 0);
	fclose(out);
	return text;
}

static void expect_first_line(const char *file, const char *line)
{
	_cleanup_file_ FILE *in = fopen(file, "re");
	char first[64];

	assert_non_null(in);
	assert_non_null(fgets(first, sizeof(first), in));
	assert_string_equal(first, line);
}

static void a_record_replays_without_a_difference_and_is_private(void **unused)
{
	struct course *c = new_course();
	_cleanup_free_ char *said = NULL;
	struct stat st;

	begin(2 * MIB);
	record(c, 30);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	expect_first_line(path, "trace 1\n");
	said = replay(path); /* while it is being written, as well */
	assert_non_null(strstr(said, "Of 30 recorded decisions, 0 are different"));
	end();
	course_free(c);
}

static void two_files_are_bounded_and_each_is_replayed(void **unused)
{
	struct course *c = new_course();
	_cleanup_free_ char *said = NULL, *said_old = NULL;

	begin(64 * KIB);
	for (int i = 0; i < 300; i++) {
		record(c, 1);
		assert_true(size_of(path) < (off_t)(36 * KIB));
		assert_true(size_of(old_path) < (off_t)(36 * KIB));
	}
	assert_true(size_of(old_path) >= (off_t)(32 * KIB));
	said = replay(path);
	said_old = replay(old_path);
	assert_non_null(strstr(said, "recorded decisions"));
	assert_non_null(strstr(said_old, "recorded decisions"));
	expect_first_line(path, "trace 1 continued\n");
	end();
	course_free(c);
}

static void a_start_keeps_the_record_of_the_one_before(void **unused)
{
	struct course *c = new_course();
	off_t size;

	begin(2 * MIB);
	record(c, 10);
	size = size_of(path);
	end();
	begin(2 * MIB);
	assert_int_equal(size_of(old_path), size);
	end();
	course_free(c);
}

static void a_new_profile_begins_a_new_file(void **unused)
{
	struct course *c = new_course();

	begin(2 * MIB);
	recorder_split(&recorder); /* nothing is in it yet */
	on_ended(NULL);
	assert_int_equal(size_of(old_path), -1);
	record(c, 3);
	assert_false(recorder.wants_all);
	recorder_split(&recorder);
	start(path, 2 * MIB, "profile server");
	assert_true(size_of(old_path) > 0);
	assert_true(recorder.wants_all);
	/* The same path and bound again: it goes on. */
	record(c, 3);
	start(path, 2 * MIB, "profile server");
	assert_false(recorder.wants_all);
	end();
	course_free(c);
}

static void a_place_that_cannot_be_written_is_recorded_to_when_it_can(void **unused)
{
	struct course *c = new_course();
	char other[160];

	begin(2 * MIB);
	snprintf(other, sizeof(other), "%s/nowhere/record", root);
	start(other, 2 * MIB, "");
	assert_null(recorder.file);
	assert_non_null(strstr(problem, "/nowhere/record cannot be written: No such file or "
					"directory; nothing is recorded until it can; Record=yes "
					"records"));
	record(c, 3); /* no harm */
	*strrchr(other, '/') = '\0';
	mkdir(other, 0700);
	on_ended(NULL);
	assert_null(problem);
	record(c, 3);
	assert_true(recorder.n_bytes > 0);
	end();
	course_free(c);
}

static void a_full_disk_ends_the_record_and_nothing_else(void **unused)
{
	struct course *c = new_course();

	begin(2 * MIB);
	start("/dev/full", 2 * MIB, "");
	record(c, 3);
	assert_null(recorder.file);
	assert_non_null(strstr(problem, "/dev/full cannot be written: No space left on device"));
	assert_non_null(strstr(problem, "make room"));
	end();
	course_free(c);
}

/* The file cannot grow beyond the limit: a disk that is full for now. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_file_that_could_not_be_written_on_is_kept_and_followed_by_the_next(void **unused)
{
	struct course *c = new_course();
	_cleanup_free_ char *said = NULL, *said_old = NULL;
	off_t size;

	signal(SIGXFSZ, SIG_IGN);
	for (int bounded = 0; bounded < 2; bounded++) {
		begin(bounded ? 8 * MIB : UINT64_MAX);
		record(c, 10);
		size = size_of(path);
		limit_files((rlim_t)size + 10);
		record(c, 1);
		assert_null(recorder.file);
		assert_non_null(strstr(problem, "cannot be written: File too large"));
		/* Tries in vain cost nothing of what was recorded. */
		on_ended(NULL);
		assert_int_equal(size_of(path), size);
		limit_files(RLIM_INFINITY);
		on_ended(NULL);
		assert_null(problem);
		record(c, 10);
		expect_first_line(path, "trace 1 continued\n");
		assert_int_equal(size_of(old_path), size);
		end();
	}
	said = replay(path);
	said_old = replay(old_path);
	assert_non_null(strstr(said, "Of 10 recorded decisions"));
	assert_non_null(strstr(said_old, "Of 10 recorded decisions"));
	course_free(c);
}

static const char *name_group(const void *data, uint32_t slot, uint64_t id, char *buf, size_t size)
{
	snprintf(buf, size, slot == 0 ? "/" : "/system.slice/my cache.service");
	return buf;
}

static const char *name_module(const void *data, uint32_t slot, uint64_t id, char *buf, size_t size)
{
	return "cache.service/images";
}

static void a_record_names_groups_and_modules(void **unused)
{
	struct course *c = new_course();
	_cleanup_free_ char *said = NULL;

	begin(UINT64_MAX);
	recorder.names = (struct recorder_names){ NULL, name_group, name_module };
	record(c, 100);
	end();
	said = replay(path);
	assert_non_null(strstr(said, " cache.service/images shed "));
	assert_null(strstr(said, "module 0"));
	assert_null(strstr(said, "group 1"));
	course_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_root(a_record_replays_without_a_difference_and_is_private),
		with_root(two_files_are_bounded_and_each_is_replayed),
		with_root(a_start_keeps_the_record_of_the_one_before),
		with_root(a_new_profile_begins_a_new_file),
		with_root(a_place_that_cannot_be_written_is_recorded_to_when_it_can),
		with_root(a_full_disk_ends_the_record_and_nothing_else),
		with_root(a_file_that_could_not_be_written_on_is_kept_and_followed_by_the_next),
		with_root(a_record_names_groups_and_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
