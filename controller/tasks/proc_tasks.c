/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smaps_rollup would be exact, but its reader waits for the mmap lock of the task, which a task
 * that is stuck in reclaim may hold: the daemon must not wait for those it watches.
 */

#include "controller/tasks/proc_tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/file.h"
#include "controller/base/kernel_text.h"

/* status lists every group of the task: 64 KiB hold some thousand of them. */
#define TEXT_SIZE (64 * 1024)
/* Field 22 of stat is starttime; the state, behind the name, is field 3. */
#define FIELDS_TO_START_TIME (22 - 3)

static bool proc_tasks_name_is_pid(const char *name, uint32_t *ret)
{
	uint64_t pid;

	if (!text_take_number(&name, &pid) || *name || pid > INT_MAX)
		return false;
	*ret = (uint32_t)pid;
	return true;
}

/* "size resident shared ...", in pages. */
static bool proc_tasks_parse_statm(const char *text, struct task_row *row)
{
	uint64_t pages;

	if (!text_take_number(&text, &pages) || !text_take_blanks(&text) ||
	    !text_take_number(&text, &pages))
		return false;
	row->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* "PID (name) state ...": a name may hold anything, brackets too, so the last one ends it. */
static bool proc_tasks_parse_stat(const char *text, struct task_row *row)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t ticks;
	size_t n;

	if (!open || !close || close < open)
		return false;
	n = (size_t)(close - open) - 1;
	if (n >= sizeof(row->comm))
		n = sizeof(row->comm) - 1;
	text = close + 1;
	for (int i = 0; i <= FIELDS_TO_START_TIME; i++) {
		if (!text_take_blanks(&text))
			return false;
		if (i < FIELDS_TO_START_TIME)
			text += strcspn(text, " \n");
	}
	if (!text_take_number(&text, &ticks))
		return false;
	row->start_ns = ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
	memcpy(row->comm, open + 1, n);
	row->comm[n] = '\0';
	return true;
}

/* "Uid:\treal\teffective\t..."; tasks without memory have no VmSwap. */
static bool proc_tasks_parse_status(const char *text, struct task_row *row)
{
	const char *uid = strstr(text, "\nUid:"), *swap = strstr(text, "\nVmSwap:");
	uint64_t value;
	uint32_t found;

	if (!uid)
		return false;
	uid += strlen("\nUid:");
	if (!text_take_blanks(&uid) || !text_take_number(&uid, &value))
		return false;
	row->uid = (uint32_t)value;
	if (swap) {
		text_read_fields(swap + 1, &(struct text_field){ "VmSwap", &value, true }, 1,
				 &found);
		row->swap_bytes = found ? value : 0;
	}
	return true;
}

int proc_tasks_walk(const struct cgroup_tree *tree,
		    int (*row)(void *data, const struct task_row *row), void *data)
{
	_cleanup_dir_ DIR *directory = opendir(tree->proc);
	char path[32], text[TEXT_SIZE];
	struct dirent *entry;
	int r;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		struct task_row task = {};

		if (!proc_tasks_name_is_pid(entry->d_name, &task.pid))
			continue;
		snprintf(path, sizeof(path), "%" PRIu32 "/statm", task.pid);
		if (file_read_at(dirfd(directory), path, text, sizeof(text)) < 0 ||
		    !proc_tasks_parse_statm(text, &task) || task.rss_bytes == 0)
			continue;
		r = row(data, &task);
		if (r < 0)
			return r;
	}
	return 0;
}

static uint64_t proc_tasks_group_id_of(const struct cgroup_tree *tree, uint32_t pid)
{
	_cleanup_free_ char *group = NULL, *path = NULL;
	struct stat st;

	if (!tree->mount || cgroup_tree_path_of_pid(tree, (int)pid, &group) < 0 ||
	    asprintf(&path, "%s%s", tree->mount, group) < 0)
		return 0;
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

int proc_tasks_describe(const struct cgroup_tree *tree, struct task_row *row)
{
	_cleanup_fd_ int proc = open(tree->proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[32], text[TEXT_SIZE];

	snprintf(path, sizeof(path), "%" PRIu32 "/stat", row->pid);
	if (file_read_at(proc, path, text, sizeof(text)) < 0 || !proc_tasks_parse_stat(text, row))
		return -ESRCH;
	snprintf(path, sizeof(path), "%" PRIu32 "/status", row->pid);
	if (file_read_at(proc, path, text, sizeof(text)) < 0 || !proc_tasks_parse_status(text, row))
		return -ESRCH;
	row->group_id = proc_tasks_group_id_of(tree, row->pid);
	return 0;
}
