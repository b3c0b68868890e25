/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/base/file.h"
#include "controller/registry/masks.h"

#define DB    "/system.slice/db.service"
#define CACHE "/system.slice/cache.service"

static char dir[64], path[96];

static int start(void **state)
{
	strcpy(dir, "/tmp/reliefd-masks-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/masks", dir);
	return 0;
}

static int stop(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static struct masks *load(void)
{
	struct masks *masks;

	assert_int_equal(masks_new(&masks, path), 0);
	return masks;
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_mask_outlives_the_daemon(void **state)
{
	struct masks *masks = load();

	assert_false(masks_match(masks, DB, "images"));
	assert_int_equal(masks_add(masks, DB, "images"), 0);
	assert_int_equal(masks_add(masks, DB, "images"), -EEXIST);
	masks_free(masks);

	masks = load();
	assert_int_equal(masks_size(masks), 1);
	assert_true(masks_match(masks, DB, "images"));
	assert_false(masks_match(masks, DB, "fonts"));
	assert_false(masks_match(masks, CACHE, "images"));
	assert_int_equal(masks_remove(masks, DB, "fonts"), -ENOENT);
	assert_int_equal(masks_remove(masks, DB, "images"), 0);
	assert_false(masks_match(masks, DB, "images"));
	masks_free(masks);

	masks = load();
	assert_int_equal(masks_size(masks), 0);
	masks_free(masks);
}

static void an_empty_name_is_all_modules(void **state)
{
	struct masks *masks = load();

	assert_int_equal(masks_add(masks, DB, ""), 0);
	assert_int_equal(masks_add(masks, CACHE, "a b"), 0);
	masks_free(masks);
	masks = load();
	assert_true(masks_match(masks, DB, "anything"));
	assert_true(masks_match(masks, CACHE, "a b"));
	assert_false(masks_match(masks, CACHE, "a"));
	assert_int_equal(masks_remove(masks, DB, ""), 0);
	assert_false(masks_match(masks, DB, "anything"));
	masks_free(masks);
}

static void what_could_not_be_read_back_is_refused(void **state)
{
	struct masks *masks;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < MASKS_MAX - 1; i++)
		fprintf(file, "x\t/u%d.service\n", i);
	fclose(file);
	masks = load();
	assert_int_equal(masks_add(masks, "db.service", "images"), -EINVAL);
	assert_int_equal(masks_add(masks, "/a\nb", "images"), -EINVAL);
	assert_int_equal(masks_add(masks, DB, "a\tb"), -EINVAL);
	assert_int_equal(masks_add(masks, DB, "images"), 0);
	assert_int_equal(masks_add(masks, DB, "fonts"), -ENOSPC);
	masks_free(masks);
	masks = load();
	assert_int_equal(masks_size(masks), MASKS_MAX);
	masks_free(masks);
}

static void a_damaged_line_costs_only_itself(void **state)
{
	struct masks *masks;

	write_file("images\t" DB "\nno tab\nfonts\trelative\n\n\t" CACHE "\nhalf\t");
	masks = load();
	assert_int_equal(masks_size(masks), 2);
	assert_true(masks_match(masks, DB, "images"));
	assert_true(masks_match(masks, CACHE, "anything"));
	masks_free(masks);
}

static void a_file_that_cannot_be_read_is_not_overwritten(void **state)
{
	struct masks *masks;
	struct stat status;

	assert_int_equal(mkdir(path, 0700), 0);
	masks = load();
	assert_int_equal(masks_add(masks, DB, "images"), -EISDIR);
	assert_false(masks_match(masks, DB, "images"));
	assert_int_equal(masks_read_again(masks), -EISDIR);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(masks_read_again(masks), 0);
	assert_int_equal(masks_add(masks, DB, "images"), 0);
	masks_free(masks);
	assert_int_equal(unlink(path), 0);
}

static void a_change_that_cannot_be_kept_is_not_made(void **state)
{
	struct masks *masks;
	char gone[96];

	snprintf(gone, sizeof(gone), "%s/not-there/masks", dir);
	assert_int_equal(masks_new(&masks, gone), 0);
	assert_int_equal(masks_add(masks, DB, "images"), -ENOENT);
	assert_int_equal(masks_size(masks), 0);
	masks_free(masks);

	masks = load();
	assert_int_equal(masks_add(masks, DB, "images"), 0);
	assert_int_equal(masks_add(masks, DB, "fonts"), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(masks_remove(masks, DB, "images"), -ENOENT);
	assert_true(masks_match(masks, DB, "images"));
	assert_true(masks_match(masks, DB, "fonts"));
	assert_int_equal(mkdir(dir, 0700), 0);
	masks_free(masks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mask_outlives_the_daemon, start, stop),
		cmocka_unit_test_setup_teardown(an_empty_name_is_all_modules, start, stop),
		cmocka_unit_test_setup_teardown(what_could_not_be_read_back_is_refused, start,
						stop),
		cmocka_unit_test_setup_teardown(a_damaged_line_costs_only_itself, start, stop),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_not_overwritten,
						start, stop),
		cmocka_unit_test_setup_teardown(a_change_that_cannot_be_kept_is_not_made, start,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
