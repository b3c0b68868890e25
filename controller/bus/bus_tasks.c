/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A task's cgroup is asked of /proc when somebody wants to know: most tasks that are worth a place
 * live in groups that nobody put under control.
 */

#include "controller/bus/bus_tasks.h"

#include <errno.h>
#include <string.h>

#include "controller/base/printable.h"
#include "controller/bus/bus_error.h"
#include "controller/bus/bus_internal.h"
#include "controller/groups/unit_name.h"
#include "controller/tasks/task_watch.h"

/* uint32, uint32, comm, unit, cgroup, pod, container, rss, exact, swap, growth, since */
#define TASK_TYPE "uussssstbttt"
/* As long as the name of a unit or a container gets. */
#define NAME_SIZE 256

static int bus_tasks_append_task(sd_bus_message *reply, const struct cgroup_tree *tree,
				 const struct task_standing *task)
{
	char unit[NAME_SIZE] = "", pod[NAME_SIZE] = "", container[NAME_SIZE] = "";
	char buf[KERNEL_COMM_SIZE * PRINTABLE_GROWTH + 1];
	_cleanup_free_ char *found = NULL, *shown = NULL;
	const char *path = "";

	if (cgroup_tree_path_of_pid(tree, (int)task->pid, &found) == 0)
		path = found;
	unit_name_from_path(path, unit, sizeof(unit));
	pod_uid_from_path(path, pod, sizeof(pod));
	container_id_from_path(path, container, sizeof(container));
	shown = printable_dup(path);
	if (!shown)
		return -ENOMEM;
	return sd_bus_message_append(reply, "(" TASK_TYPE ")", task->pid, task->uid,
				     printable(task->comm, buf, sizeof(buf)), unit, shown, pod,
				     container, task->rss_bytes, (int)task->rss_is_exact,
				     task->swap_bytes, task->growth_bytes,
				     task->growing_since_usec);
}

static int bus_tasks_read_question(sd_bus_message *call, enum task_order *ret_order,
				   uint32_t *ret_max, sd_bus_error *error)
{
	const char *order;
	uint32_t max;
	int r;

	r = sd_bus_message_read(call, "su", &order, &max);
	if (r < 0)
		return r;
	if (max < 1 || max > TASK_RANKING_MAX)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "max is %u; ask for 1 to %d tasks", max, TASK_RANKING_MAX);
	if (task_order_from_name(order, ret_order) < 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "There is no order '%s'; use growth or rss", order);
	*ret_max = max;
	return 0;
}

static int bus_tasks_reply_tasks(struct bus *bus, sd_bus_message *call,
				 const struct task_standing *tasks, int n)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(reply, 'a', "(" TASK_TYPE ")");
	for (int i = 0; r >= 0 && i < n; i++)
		r = bus_tasks_append_task(reply, group_set_tree(bus->config.groups), &tasks[i]);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int bus_get_top_tasks(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct task_standing tasks[TASK_RANKING_MAX];
	struct bus *bus = userdata;
	enum task_order order;
	uint32_t max = 0;
	int r;

	r = bus_tasks_read_question(call, &order, &max, error);
	if (r < 0)
		return r;
	if (!bus->config.tasks)
		return sd_bus_error_set(error, BUS_ERROR_NOT_SUPPORTED,
					"reliefd does not watch tasks here");
	r = task_watch_rank(bus->config.tasks, order, tasks, max);
	if (r < 0)
		return sd_bus_error_set_errnof(error, r, "Cannot list the tasks: %s", strerror(-r));
	return bus_tasks_reply_tasks(bus, call, tasks, r);
}
