/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	freeze     write it down | cgroup.freeze = 1
 *	throttle   write it down | cgroup.freeze = 1 | memory.current --> memory.high | freeze = 0
 *	let go     memory.high, if it is still ours | cgroup.freeze = 0 | strike it out
 *
 * Writing a memory.high below what is in use makes the writer reclaim until it fits, 5 to 40 ms and
 * more: not on the loop's thread. So what is to be throttled is frozen for that moment, which takes
 * about a millisecond. Then memory.current stands still, and a value a little above it is written
 * without any reclaim. A worker thread instead would read a memory.current that has moved on by the
 * time it is written, and would be one more place to let go from.
 *
 * The directory stays open as long as the group is held: it cannot become another group meanwhile,
 * and letting go needs neither a path nor the group set.
 */
#include "controller/act/brakes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "controller/act/held_file.h"
#include "controller/base/file.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/groups/group_match.h"

/* Charges are made 64 pages at a time on each processor: this many of them may be under way. */
#define THROTTLE_ROOM_BYTES MIB
/* The kernel refused to let go: again after this, as long as it takes. */
#define AGAIN_USEC USEC_PER_SEC
/* "max" or a number of 20 digits, and the newline. */
#define VALUE_SIZE 24

struct held {
	uint64_t id; /* of the brake_change; 0: free */
	uint64_t deadline_usec;
	int dir_fd;
	bool is_stuck; /* said once */
	struct held_record record;
};

struct brakes {
	struct group_set *groups;
	struct outcomes *outcomes;
	sd_event_source *timer;
	char *held_path; /* NULL: what is held is written nowhere */
	int file_fd;	 /* or negative errno, with held_path */
	struct held held[BRAKES_MAX];
};

static uint64_t brakes_now_monotonic_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- files of a cgroup ---- */

static int brakes_read_value(int dir_fd, const char *file, uint64_t *ret)
{
	char text[VALUE_SIZE];
	ssize_t n;

	n = file_read_at(dir_fd, file, text, sizeof(text));
	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	return parse_bytes(text, ret);
}

static int brakes_write_high(int dir_fd, uint64_t bytes)
{
	char text[VALUE_SIZE] = "max";

	if (bytes != BYTES_UNLIMITED)
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
	return file_write_at(dir_fd, "memory.high", text);
}

/* Whoever removed the cgroup has let go. */
static bool brakes_is_gone(int error)
{
	return error == -ENODEV || error == -ENOENT;
}

/* Undoes what the record says, as far as nobody else has changed it since. */
static int brakes_undo(int dir_fd, const struct held_record *record)
{
	uint64_t high_bytes;
	int r = 0, thawed = 0;

	if (record->throttled_bytes != 0) {
		r = brakes_read_value(dir_fd, "memory.high", &high_bytes);
		if (r >= 0 && high_bytes == record->throttled_bytes)
			r = brakes_write_high(dir_fd, record->high_bytes);
	}
	if (record->is_frozen)
		thawed = file_write_at(dir_fd, "cgroup.freeze", "0");
	if (r >= 0 || brakes_is_gone(r))
		r = thawed;
	return brakes_is_gone(r) ? 0 : r;
}

/* ---- holding ---- */

static int brakes_write_down(struct brakes *brakes, struct held *held)
{
	if (!brakes->held_path)
		return 0;
	if (brakes->file_fd < 0)
		return brakes->file_fd;
	return held_file_write(brakes->file_fd, (size_t)(held - brakes->held), &held->record);
}

static int brakes_freeze(struct brakes *brakes, struct held *held)
{
	uint64_t is_frozen;
	int r;

	r = brakes_read_value(held->dir_fd, "cgroup.freeze", &is_frozen);
	if (r < 0)
		return r;
	if (is_frozen) /* by somebody else, who will thaw it */
		return -EALREADY;
	held->record.is_frozen = true;
	r = brakes_write_down(brakes, held);
	if (r < 0)
		return r;
	return file_write_at(held->dir_fd, "cgroup.freeze", "1");
}

static int brakes_throttle(struct brakes *brakes, struct held *held)
{
	struct held_record *record = &held->record;
	uint64_t current_bytes;
	int r;

	r = brakes_read_value(held->dir_fd, "memory.high", &record->high_bytes);
	if (r < 0)
		return r == -ENOENT ? -EOPNOTSUPP : r; /* no memory controller here */
	r = brakes_freeze(brakes, held);
	if (r < 0)
		return r;
	r = brakes_read_value(held->dir_fd, "memory.current", &current_bytes);
	if (r < 0)
		return r;
	current_bytes = u64_add(current_bytes, THROTTLE_ROOM_BYTES);
	if (current_bytes >= record->high_bytes)
		return -EALREADY;
	record->throttled_bytes = current_bytes;
	r = brakes_write_down(brakes, held);
	if (r < 0)
		return r;
	r = brakes_write_high(held->dir_fd, record->throttled_bytes);
	if (r < 0)
		return r;
	r = file_write_at(held->dir_fd, "cgroup.freeze", "0");
	if (r < 0)
		return r;
	record->is_frozen = false;
	return brakes_write_down(brakes, held);
}

/* Those that the judgement was told never to hold, and those that hold others or ourselves. */
/* While we do not know where we are, any group may be ours: held, nothing would let go of it. */
static bool brakes_may_hold(const struct brakes *brakes, const struct group *group)
{
	const char *own = group_set_own_path(brakes->groups);

	return own && group->slot != GROUP_SLOT_HOST && group->n_children == 0 &&
	       !(group->flags & (GROUP_IS_PROTECTED | GROUP_IS_UNBRAKED | GROUP_IS_EXCLUDED)) &&
	       !path_is_below(own, group->path);
}

static struct held *brakes_find_held(struct brakes *brakes, uint64_t id)
{
	for (size_t i = 0; i < BRAKES_MAX; i++)
		if (brakes->held[i].id == id)
			return &brakes->held[i];
	return NULL;
}

static bool brakes_is_held(const struct brakes *brakes, uint64_t group_id)
{
	for (size_t i = 0; i < BRAKES_MAX; i++)
		if (brakes->held[i].id != 0 && brakes->held[i].record.group_id == group_id)
			return true;
	return false;
}

static void brakes_strike_out(struct brakes *brakes, struct held *held)
{
	if (brakes->held_path && brakes->file_fd >= 0)
		held_file_clear(brakes->file_fd, (size_t)(held - brakes->held));
	fd_close(held->dir_fd);
	*held = (struct held){ .dir_fd = -1 };
}

static int brakes_hold(struct brakes *brakes, struct held *held, const struct brake_change *change)
{
	struct group *group = group_set_get(brakes->groups, change->group_slot);

	if (!group || group->id != change->group_id)
		return -ENODEV;
	if (!brakes_may_hold(brakes, group))
		return -EPERM;
	if (brakes_is_held(brakes, group->id))
		return -EALREADY;
	if (strlen(group->path) >= HELD_PATH_SIZE)
		return -ENAMETOOLONG;
	held->dir_fd = group_open_directory(brakes->groups, group);
	if (held->dir_fd < 0)
		return held->dir_fd;
	held->record.group_id = group->id;
	strcpy(held->record.path, group->path);
	return change->brake == BRAKE_THROTTLE ? brakes_throttle(brakes, held)
					       : brakes_freeze(brakes, held);
}

/* ---- letting go ---- */

static void brakes_arm(struct brakes *brakes)
{
	uint64_t first_usec = USEC_NEVER;

	for (size_t i = 0; i < BRAKES_MAX; i++)
		if (brakes->held[i].id != 0)
			first_usec = u64_min(first_usec, brakes->held[i].deadline_usec);
	sd_event_source_set_time(brakes->timer, first_usec);
	sd_event_source_set_enabled(brakes->timer,
				    first_usec == USEC_NEVER ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void brakes_let_go(struct brakes *brakes, struct held *held)
{
	int r = brakes_undo(held->dir_fd, &held->record);

	if (r >= 0) {
		brakes_strike_out(brakes, held);
		return;
	}
	if (!held->is_stuck)
		log_errno(r, "Cannot let go of %s; retrying", held->record.path);
	held->is_stuck = true;
	held->deadline_usec = u64_add(brakes_now_monotonic_usec(), AGAIN_USEC);
}

static int brakes_on_deadline(sd_event_source *source, uint64_t usec, void *data)
{
	struct brakes *brakes = data;
	uint64_t now_usec = brakes_now_monotonic_usec();

	for (size_t i = 0; i < BRAKES_MAX; i++)
		if (brakes->held[i].id != 0 && brakes->held[i].deadline_usec <= now_usec)
			brakes_let_go(brakes, &brakes->held[i]);
	brakes_arm(brakes);
	return 0;
}

static void brakes_report_failure(struct brakes *brakes, const struct brake_change *change,
				  int error)
{
	struct outcome outcome = { .action_id = change->id,
				   .result = error == -EBUSY	? RESULT_BUSY
					     : error == -ENODEV ? RESULT_GONE
								: RESULT_FAILED,
				   .finished_usec = brakes_now_monotonic_usec() };
	const struct group *group = group_set_get(brakes->groups, change->group_slot);

	if (outcome.result == RESULT_FAILED) {
		outcome.error = error;
		log_errno(error, "Cannot hold %s", group ? group->shown : "a group");
	}
	outcomes_add(brakes->outcomes, &outcome);
}

void brakes_apply(struct brakes *brakes, const struct brake_change *change)
{
	struct held *held = brakes_find_held(brakes, change->brake == BRAKE_OFF ? change->id : 0);
	uint64_t start_usec = brakes_now_monotonic_usec();
	int r = 0;

	if (change->brake != BRAKE_OFF) {
		r = held ? brakes_hold(brakes, held, change) : -EBUSY;
		if (r < 0)
			brakes_report_failure(brakes, change, r);
		else
			log_debug("brake: %s of %s took %" PRIu64 " us", brake_name(change->brake),
				  held->record.path, brakes_now_monotonic_usec() - start_usec);
	}
	if (!held) /* no room; or let go by its deadline already */
		return;
	held->id = change->id;
	if (change->brake == BRAKE_OFF || r < 0)
		brakes_let_go(brakes, held);
	else
		held->deadline_usec = change->until_usec;
	brakes_arm(brakes);
}

void brakes_let_go_all(struct brakes *brakes)
{
	for (size_t i = 0; i < BRAKES_MAX; i++) {
		struct outcome outcome = { .action_id = brakes->held[i].id,
					   .result = RESULT_DRY_RUN };

		if (outcome.action_id == 0)
			continue;
		brakes_let_go(brakes, &brakes->held[i]);
		outcome.finished_usec = brakes_now_monotonic_usec();
		outcomes_add(brakes->outcomes, &outcome);
	}
	brakes_arm(brakes);
}

/* ---- after a crash ---- */

/*
 * Returns: 1 let go; 0 the cgroup is gone, or another one has its path; negative errno: it could
 * not be looked at, for want of a descriptor for example.
 */
static int brakes_let_go_of_record(int root_fd, const struct held_record *record)
{
	_cleanup_fd_ int dir_fd = -1;
	struct stat st;
	int r;

	dir_fd = openat(root_fd, record->path + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	if (fstat(dir_fd, &st) < 0 || st.st_ino != record->group_id)
		return 0;
	r = brakes_undo(dir_fd, record);
	if (r < 0) {
		log_errno(r, "Cannot let go of %s, which an earlier reliefd held", record->path);
		return 0;
	}
	log_info("Let go of %s, which an earlier reliefd held", record->path);
	return 1;
}

int brakes_let_go_of_old(const char *held_path, const char *cgroup_root)
{
	_cleanup_fd_ int fd = -1, root_fd = -1;
	struct held_record record;
	int n = 0, error = 0, r;

	fd = open(held_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	root_fd = open(cgroup_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	for (size_t i = 0; i < BRAKES_MAX; i++) {
		if (held_file_read(fd, i, &record) == 0)
			continue;
		r = brakes_let_go_of_record(root_fd, &record);
		if (r < 0) { /* it is still held: its record stays */
			error = r;
			continue;
		}
		n += r;
		held_file_clear(fd, i);
	}
	return error < 0 ? error : n;
}

/* ---- life ---- */

/* What an earlier reliefd held is let go first: the new file names none of it. */
int brakes_open_file(struct brakes *brakes)
{
	const char *mount = group_set_tree(brakes->groups)->mount;
	int r;

	if (!brakes->held_path || brakes->file_fd >= 0)
		return 0;
	/* Without a tree nothing can be let go, and the records must stay. */
	r = mount ? brakes_let_go_of_old(brakes->held_path, mount) : -ENODEV;
	if (r >= 0)
		r = held_file_open(brakes->held_path, BRAKES_MAX);
	brakes->file_fd = r;
	return r < 0 ? r : 0;
}

int brakes_new(struct brakes **ret, sd_event *event, struct group_set *groups,
	       struct outcomes *outcomes, const char *held_path)
{
	_cleanup_(brakes_free_cleanup) struct brakes *brakes = calloc(1, sizeof(*brakes));
	int r;

	if (!brakes)
		return -ENOMEM;
	brakes->groups = groups;
	brakes->outcomes = outcomes;
	for (size_t i = 0; i < BRAKES_MAX; i++)
		brakes->held[i].dir_fd = -1;
	brakes->file_fd = -EBADF;
	if (held_path) {
		brakes->held_path = strdup(held_path);
		if (!brakes->held_path)
			return -ENOMEM;
		brakes_open_file(brakes);
	}
	r = sd_event_add_time(event, &brakes->timer, CLOCK_MONOTONIC, USEC_NEVER, 1,
			      brakes_on_deadline, brakes);
	if (r < 0)
		return r;
	sd_event_source_set_description(brakes->timer, "let-go");
	r = sd_event_source_set_enabled(brakes->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = take_ptr(brakes);
	return 0;
}

struct brakes *brakes_free(struct brakes *brakes)
{
	if (!brakes)
		return NULL;
	for (size_t i = 0; i < BRAKES_MAX; i++)
		if (brakes->held[i].id != 0)
			brakes_let_go(brakes, &brakes->held[i]);
	for (size_t i = 0; i < BRAKES_MAX; i++)
		fd_close(brakes->held[i].dir_fd);
	sd_event_source_disable_unref(brakes->timer);
	fd_close(brakes->file_fd);
	free(brakes->held_path);
	free(brakes);
	return NULL;
}
