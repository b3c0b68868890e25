/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/log.h"
#include "controller/groups/unit_files.h"
#include "fixture.h"

#define ETC "/etc/systemd/system/"
#define RUN "/run/systemd/system/"
#define USR "/usr/lib/systemd/system/"

static char root[64];

static const char *full(const char *path)
{
	static char buf[1024];

	snprintf(buf, sizeof(buf), "%s%s", root, path);
	return buf;
}

/* Makes what is above a file, too. */
static void make_way(const char *path)
{
	char buf[1024];

	snprintf(buf, sizeof(buf), "%s", full(path));
	for (char *s = buf + strlen(root) + 1; (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		mkdir(buf, 0755);
	}
}

static void put(const char *path, const char *text)
{
	FILE *f;

	make_way(path);
	f = fopen(full(path), "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void put_link(const char *path, const char *target)
{
	make_way(path);
	assert_int_equal(symlink(target, full(path)), 0);
}

/* A file with our section: that priority. */
static void rank(const char *path, int priority)
{
	char text[64];

	snprintf(text, sizeof(text), "[X-Relief]\nPriority=%d\n", priority);
	put(path, text);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **unused)
{
	strcpy(root, "/tmp/reliefd-units-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **unused)
{
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct unit_files *open_files(void)
{
	struct unit_files *files;

	assert_int_equal(unit_files_new(&files, root), 0);
	return files;
}

/* The priority of a unit as the files are now; 1000: none. */
static int priority_of(const char *unit)
{
	struct unit_files *files = open_files();
	struct unit_setting setting;
	int value;

	unit_files_priority(files, unit, &setting);
	value = setting.is_set ? setting.value : 1000;
	unit_files_free(files);
	return value;
}

static void the_first_directory_has_the_unit(void **unused)
{
	rank(USR "db.service", 1);
	assert_int_equal(priority_of("db.service"), 1);
	rank(RUN "db.service", 2);
	assert_int_equal(priority_of("db.service"), 2);
	rank(ETC "db.service", 3);
	assert_int_equal(priority_of("db.service"), 3);
	/* One without our section hides the others all the same, as systemd reads only it. */
	put(ETC "db.service", "[Service]\nExecStart=/bin/true\n");
	assert_int_equal(priority_of("db.service"), 1000);
	assert_int_equal(priority_of("other.service"), 1000);
}

static void a_mask_hides_what_is_below(void **unused)
{
	rank(USR "db.service", 1);
	rank(USR "db.service.d/50-x.conf", 2);
	put_link(ETC "db.service.d/50-x.conf", "/dev/null");
	assert_int_equal(priority_of("db.service"), 1);
	put_link(ETC "db.service", "/dev/null");
	assert_int_equal(priority_of("db.service"), 1000);
}

static void the_last_dropin_by_name_counts(void **unused)
{
	rank(USR "db.service", 1);
	rank(ETC "db.service.d/10-a.conf", 2);
	assert_int_equal(priority_of("db.service"), 2);
	rank(USR "db.service.d/20-b.conf", 3);
	assert_int_equal(priority_of("db.service"), 3);
	rank(RUN "db.service.d/20-b.conf", 4); /* of equal names the first directory */
	assert_int_equal(priority_of("db.service"), 4);
	put(ETC "db.service.d/30-c.conf", "[X-Relief]\nPriority=\n");
	assert_int_equal(priority_of("db.service"), 1000);
	put(ETC "db.service.d/30-c.conf", "[X-Relief]\nExclude=yes\n");
	assert_int_equal(priority_of("db.service"), 4); /* each key for itself */
	rank(ETC "db.service.d/99-z.txt", 9);
	rank(ETC "db.service.d/.99-z.conf", 9);
	assert_int_equal(priority_of("db.service"), 4);
}

static void templates_prefixes_and_types_have_dropins(void **unused)
{
	rank(USR "service.d/50-x.conf", 1);
	assert_int_equal(priority_of("a-b@x.service"), 1);
	assert_int_equal(priority_of("a-b.slice"), 1000);
	rank(ETC "a-.service.d/50-x.conf", 2);
	assert_int_equal(priority_of("a-b@x.service"), 2);
	rank(ETC "a-b@.service.d/50-x.conf", 3);
	assert_int_equal(priority_of("a-b@x.service"), 3);
	/* The directory's place counts before how special it is. */
	rank(RUN "a-b@x.service.d/50-x.conf", 4);
	assert_int_equal(priority_of("a-b@x.service"), 3);
	rank(ETC "a-b@x.service.d/50-x.conf", 5);
	assert_int_equal(priority_of("a-b@x.service"), 5);
	assert_int_equal(priority_of("a-b@y.service"), 3);
}

static void an_instance_has_its_templates_file(void **unused)
{
	rank(USR "db@.service", 1);
	assert_int_equal(priority_of("db@main.service"), 1);
	put_link(ETC "db@main.service", USR "db@.service");
	put("/etc/systemd/system/x.service", "");
	assert_int_equal(priority_of("db@other.service"), 1);
	rank(RUN "db@other.service", 2);
	assert_int_equal(priority_of("db@other.service"), 2);
}

static void dropins_of_an_alias_are_the_units(void **unused)
{
	put(USR "postgresql.service", "[Service]\n");
	put_link(ETC "pg.service", USR "postgresql.service");
	put_link(ETC "sql.service", "pg.service");
	rank(ETC "sql.service.d/50-x.conf", 7);
	assert_int_equal(priority_of("postgresql.service"), 7);
	/* Its own directory comes before that of another name. */
	rank(USR "postgresql.service.d/50-x.conf", 8);
	assert_int_equal(priority_of("postgresql.service"), 8);
	/* Links in a circle lead nowhere. */
	put_link(ETC "one.service", "two.service");
	put_link(ETC "two.service", "one.service");
	assert_int_equal(priority_of("postgresql.service"), 8);
	assert_int_equal(priority_of("one.service"), 1000);
}

static void aliases_of_templates_go_for_instances(void **unused)
{
	rank(USR "db@.service", 1);
	put_link(ETC "base@.service", USR "db@.service");
	assert_int_equal(priority_of("db@x.service"), 1);
	rank(ETC "base@.service.d/50-x.conf", 2);
	assert_int_equal(priority_of("db@x.service"), 2);
	rank(ETC "base@y.service.d/50-x.conf", 3);
	assert_int_equal(priority_of("db@y.service"), 3);
	assert_int_equal(priority_of("db@x.service"), 2);
}

static void a_linked_file_is_the_unit(void **unused)
{
	char target[1024];

	rank("/opt/app/app.service", 5);
	snprintf(target, sizeof(target), "%s", full("/opt/app/app.service"));
	put_link(ETC "app.service", target);
	assert_int_equal(priority_of("app.service"), 5);
}

static void it_says_where_that_stands(void **unused)
{
	struct unit_files *files;
	struct unit_setting setting;

	put(ETC "db.service.d/50-x.conf", "# why\n[X-Relief]\nPriority=1\nExclude=no\n");
	files = open_files();
	unit_files_exclude(files, "db.service", &setting);
	assert_true(setting.is_set);
	assert_int_equal(setting.value, 0);
	assert_string_equal(setting.path, full(ETC "db.service.d/50-x.conf"));
	assert_int_equal(setting.line, 4);
	unit_files_free(files);
}

static void it_is_read_again_when_something_changed(void **unused)
{
	struct unit_files *files = open_files();
	struct unit_setting setting;

	assert_int_equal(unit_files_refresh(files, false), 0);
	rank(ETC "db.service", 1);
	assert_int_equal(unit_files_refresh(files, false), 1);
	assert_int_equal(unit_files_refresh(files, false), 0);
	make_way(ETC "db.service.d/x");
	assert_int_equal(unit_files_refresh(files, false), 1);
	rank(ETC "db.service.d/50-x.conf", 2); /* in a directory that was there */
	assert_int_equal(unit_files_refresh(files, false), 1);
	unit_files_priority(files, "db.service", &setting);
	assert_int_equal(setting.value, 2);
	assert_int_equal(remove(full(ETC "db.service.d/50-x.conf")), 0);
	assert_int_equal(unit_files_refresh(files, false), 1);
	unit_files_priority(files, "db.service", &setting);
	assert_int_equal(setting.value, 1);
	assert_int_equal(unit_files_refresh(files, true), 1);
	unit_files_free(files);
}

static void odd_things_in_the_way_do_no_harm(void **unused)
{
	char *huge = fixture_huge("# large\n", "[X-Relief]\nPriority=4\n");

	make_way(ETC "x/y");
	assert_int_equal(mkfifo(full(ETC "pipe.service"), 0644), 0); /* is not waited for */
	assert_int_equal(mkdir(full(ETC "directory.service"), 0755), 0);
	put_link(ETC "nowhere.service", "/no/such/nowhere.service");
	put_link(ETC "loop.service", "loop.service");
	put(ETC "file.service.d", "[X-Relief]\nPriority=4\n");
	put(ETC "bad.service", "[X-Relief]\nPriority=a\n");
	put(ETC "large.service", huge);
	free(huge);
	rank(ETC "db.service", 1);
	assert_int_equal(priority_of("db.service"), 1);
	assert_int_equal(priority_of("pipe.service"), 1000);
	assert_int_equal(priority_of("directory.service"), 1000);
	assert_int_equal(priority_of("nowhere.service"), 1000);
	assert_int_equal(priority_of("loop.service"), 1000);
	assert_int_equal(priority_of("file.service"), 1000);
	assert_int_equal(priority_of("bad.service"), 1000);
	assert_int_equal(priority_of("large.service"), 1000);
	assert_int_equal(priority_of(""), 1000);
	assert_int_equal(priority_of("no-unit"), 1000);
}

/* What a refresh logs, at most a page of it. */
static const char *said_by_refresh(struct unit_files *files)
{
	static char text[4096];
	FILE *log = tmpfile();
	int stderr_fd = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(log);
	assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
	assert_int_equal(unit_files_refresh(files, true), 1);
	assert_true(dup2(stderr_fd, STDERR_FILENO) >= 0);
	close(stderr_fd);
	rewind(log);
	n = fread(text, 1, sizeof(text) - 1, log);
	text[n] = '\0';
	fclose(log);
	return text;
}

static void a_bad_line_is_named_once_a_change(void **unused)
{
	struct unit_files *files = open_files();

	put(ETC "bad.service", "[X-Relief]\nPriority=a\n");
	assert_non_null(strstr(said_by_refresh(files), "bad.service:2: Priority=a"));
	rank(ETC "db.service", 1);
	assert_string_equal(said_by_refresh(files), "");
	put(ETC "bad.service", "[X-Relief]\nPriority=b\n");
	assert_non_null(strstr(said_by_refresh(files), "bad.service:2: Priority=b"));
	put(ETC "bad.service", "[X-Relief]\nPriority=2\n");
	assert_string_equal(said_by_refresh(files), "");
	put(ETC "bad.service", "[X-Relief]\nPriority=b\n");
	assert_non_null(strstr(said_by_refresh(files), "bad.service:2: Priority=b"));
	unit_files_free(files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_directory_has_the_unit),
		TEST(a_mask_hides_what_is_below),
		TEST(the_last_dropin_by_name_counts),
		TEST(templates_prefixes_and_types_have_dropins),
		TEST(an_instance_has_its_templates_file),
		TEST(dropins_of_an_alias_are_the_units),
		TEST(aliases_of_templates_go_for_instances),
		TEST(a_linked_file_is_the_unit),
		TEST(it_says_where_that_stands),
		TEST(it_is_read_again_when_something_changed),
		TEST(a_bad_line_is_named_once_a_change),
		TEST(odd_things_in_the_way_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
