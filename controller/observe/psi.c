/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which windows the kernel grants is probed by writing, never by its version: with
 * CAP_SYS_RESOURCE from 500 ms (6.1) or less (6.12), without it only multiples of 2 s, and the
 * refusal is EINVAL in both cases. A refused write leaves no trigger behind, so the same descriptor
 * serves for the second try; a granted one takes the descriptor for good.
 */

#include "controller/observe/psi.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/vfs.h>

#include "controller/base/kernel_text.h"
#include "controller/base/wake.h"
#include "policies/observation.h"

/* What the kernel grants a process without CAP_SYS_RESOURCE: multiples of its averaging period. */
#define UNPRIVILEGED_STEP_USEC (2 * USEC_PER_SEC)
#define WINDOW_MAX_USEC	       (10 * USEC_PER_SEC)
/* A hundred years: no host was up for longer, so that it is no time that tasks lost. */
#define TOTAL_MOST_USEC (100ULL * 366 * 86400 * USEC_PER_SEC)

/*
 * "some avg10=0.00 avg60=0.00 avg300=0.00 total=178240": the number behind " total="; where there
 * is none, *ret_usec stays as it was.
 */
static void psi_parse_total(const char *line, const char *end, uint64_t *ret_usec)
{
	static const char key[] = " total=";
	const char *s = strstr(line, key);
	uint64_t usec;

	if (!s || s > end)
		return;
	s += sizeof(key) - 1;
	if (text_take_number(&s, &usec) && (*s == '\n' || *s == ' ') && usec <= TOTAL_MOST_USEC)
		*ret_usec = usec;
}

int psi_parse(const char *text, uint64_t *ret_some_usec, uint64_t *ret_full_usec)
{
	uint64_t some = COUNT_UNKNOWN, full = COUNT_UNKNOWN;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		if (strncmp(text, "some ", 5) == 0)
			psi_parse_total(text, end, &some);
		else if (strncmp(text, "full ", 5) == 0)
			psi_parse_total(text, end, &full);
	}
	*ret_some_usec = some;
	*ret_full_usec = full;
	return *text || some == COUNT_UNKNOWN || full == COUNT_UNKNOWN ? -EBADMSG : 0;
}

static int psi_write_trigger(int fd, enum psi_kind kind, uint64_t stall_usec, uint64_t window_usec)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s %" PRIu64 " %" PRIu64,
			 kind == PSI_SOME ? "some" : "full", stall_usec, window_usec);

	/* The final NUL belongs to the kernel's format. */
	return write(fd, text, (size_t)n + 1) < 0 ? -errno : 0;
}

static int psi_ask_for_window(int fd, enum psi_kind kind, uint64_t stall_usec, uint64_t window_usec,
			      uint64_t *ret_window_usec)
{
	uint64_t n, wide_usec;
	int r;

	r = psi_write_trigger(fd, kind, stall_usec, window_usec);
	if (r >= 0)
		*ret_window_usec = window_usec;
	if (r != -EINVAL && r != -EPERM)
		return r;
	n = window_usec / UNPRIVILEGED_STEP_USEC + (window_usec % UNPRIVILEGED_STEP_USEC != 0);
	wide_usec = u64_min(n * UNPRIVILEGED_STEP_USEC, WINDOW_MAX_USEC);
	r = psi_write_trigger(fd, kind, u64_muldiv(stall_usec, wide_usec, window_usec), wide_usec);
	if (r >= 0)
		*ret_window_usec = wide_usec;
	return r;
}

static int psi_on_trigger(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct psi_trigger *t = data;
	bool gone = revents & EPOLLERR;

	if (gone)
		psi_trigger_disarm(t);
	t->fired(t->data, t, gone);
	return 0;
}

int psi_open_host(const char *proc)
{
	char path[PATH_MAX];
	int n, fd;

	n = snprintf(path, sizeof(path), "%s/pressure/memory", proc);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Prepared directories of tests hold plain files: a write would only spoil them. */
static bool psi_is_kernel_file(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

int psi_trigger_arm(struct psi_trigger *t, int fd, const struct psi_trigger_config *config)
{
	_cleanup_(sd_event_source_unrefp) sd_event_source *source = NULL;
	_cleanup_fd_ int owned = fd;
	uint64_t window_usec;
	int r;

	if (!psi_is_kernel_file(fd))
		return -EOPNOTSUPP;
	r = psi_ask_for_window(fd, config->kind, config->stall_usec, config->window_usec,
			       &window_usec);
	if (r < 0)
		return r;
	*t = (struct psi_trigger){
		.closer = config->closer,
		.fd = -1,
		.window_usec = window_usec,
		.fired = config->fired,
		.data = config->data,
	};
	r = sd_event_add_io(config->event, &source, fd, EPOLLPRI, psi_on_trigger, t);
	if (r < 0)
		return r;
	sd_event_source_set_description(source, config->description);
	r = sd_event_source_set_priority(source, KERNEL_EVENT_PRIORITY);
	if (r < 0)
		return r;
	t->source = take_ptr(source);
	t->fd = take_fd(owned);
	return 0;
}

void psi_trigger_disarm(struct psi_trigger *t)
{
	if (!t->source)
		return;
	t->source = sd_event_source_disable_unref(t->source);
	fd_closer_close(t->closer, take_fd(t->fd));
}
