/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *    loop: open, check  -->  queue  -->  worker: write "BYTES" to memory.reclaim
 *                                               | blocked in the kernel; a POSIX timer of its own
 *                                               | signals the thread at the deadline
 *    loop: outcomes     <--  done   <--  memory.current before - after
 *               ^-- eventfd
 *
 * memory.reclaim gives up with EINTR when a signal is pending. SIGUSR2 has a handler that does
 * nothing, without SA_RESTART, and all other signals are blocked in the worker. A signal that
 * arrives just before write(2) would be lost, so the timer repeats until the write is over, and so
 * does the one who ends the thread.
 */
#include "controller/act/reclaimer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "controller/base/file.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/base/thread.h"

#define INTERRUPT_SIGNAL SIGUSR2
/* A lost interrupt costs this much once; nobody waits for it meanwhile. */
#define INTERRUPT_AGAIN_USEC (10 * USEC_PER_MSEC)
/* The worker does little; the default 8 MiB would count in full against LimitMEMLOCK=. */
#define STACK_BYTES (128 * 1024)

struct job {
	uint64_t action_id;
	uint64_t bytes;
	uint64_t deadline_usec;
	int reclaim_fd;
	int current_fd; /* -1: the root has no memory.current */
};

struct reclaimer {
	struct group_set *groups;
	struct outcomes *outcomes;
	sd_event_source *source;
	int done_fd; /* eventfd */
	pthread_t thread;
	bool thread_is_running;
	struct sigaction old_handler;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	int worker_state; /* 0: starting, 1: up, negative errno: could not start */
	bool ending;
	struct job queue[RECLAIMER_QUEUE_MAX];
	size_t first, n_queued;
	struct outcome done[RECLAIMER_QUEUE_MAX];
	size_t n_done;
	size_t n_open; /* queued, under way, or done and not yet fetched */
};

static uint64_t reclaimer_now_monotonic_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

static struct timespec reclaimer_timespec_from_usec(uint64_t usec)
{
	return (struct timespec){ .tv_sec = (time_t)(usec / USEC_PER_SEC),
				  .tv_nsec = (long)(usec % USEC_PER_SEC) * 1000 };
}

static void reclaimer_job_done(struct job *job)
{
	job->reclaim_fd = fd_close(job->reclaim_fd);
	job->current_fd = fd_close(job->current_fd);
}

/* ---- the worker ---- */

void reclaimer_judge(int error, uint64_t claimed_bytes, struct outcome *ret)
{
	ret->error = 0;
	ret->claimed_bytes = claimed_bytes;
	if (error == 0) {
		ret->result = RESULT_DONE;
	} else if (error == -EAGAIN) { /* the kernel could not get it all */
		ret->result = claimed_bytes > 0 ? RESULT_PARTIAL : RESULT_NOTHING;
	} else if (error == -EINTR) { /* we stopped it */
		ret->result = claimed_bytes > 0 ? RESULT_PARTIAL : RESULT_LATE;
	} else if (error == -ENODEV) { /* the cgroup was removed while it was open */
		ret->result = RESULT_GONE;
	} else {
		ret->result = RESULT_FAILED;
		ret->error = error;
	}
}

static bool reclaimer_read_current(int fd, uint64_t *ret_bytes)
{
	char text[32];
	ssize_t n = fd < 0 ? -ENOENT : file_read_fd(fd, text, sizeof(text));

	if (n <= 0)
		return false;
	if (text[n - 1] == '\n')
		text[n - 1] = '\0';
	return parse_u64(text, ret_bytes) == 0;
}

static void reclaimer_alarm_set(timer_t alarm, uint64_t at_usec)
{
	struct itimerspec when = { 0 };

	if (at_usec != USEC_NEVER) {
		when.it_value = reclaimer_timespec_from_usec(at_usec);
		when.it_interval = reclaimer_timespec_from_usec(INTERRUPT_AGAIN_USEC);
	}
	timer_settime(alarm, TIMER_ABSTIME, &when, NULL);
}

static int reclaimer_job_write(const struct job *job, timer_t alarm)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, job->bytes), error;

	reclaimer_alarm_set(alarm, job->deadline_usec);
	error = write(job->reclaim_fd, text, (size_t)n) < 0 ? -errno : 0;
	reclaimer_alarm_set(alarm, USEC_NEVER);
	return error;
}

static void reclaimer_job_run(struct job *job, timer_t alarm, struct outcome *ret)
{
	uint64_t before_bytes = 0, after_bytes = 0, claimed_bytes = 0;
	int error = -EINTR;

	if (reclaimer_now_monotonic_usec() < job->deadline_usec) {
		bool measured = reclaimer_read_current(job->current_fd, &before_bytes);

		error = reclaimer_job_write(job, alarm);
		if (measured && reclaimer_read_current(job->current_fd, &after_bytes))
			claimed_bytes = u64_sub(before_bytes, after_bytes);
		else if (error == 0)
			claimed_bytes = job->bytes; /* the kernel says so */
	}
	reclaimer_judge(error, claimed_bytes, ret);
	ret->action_id = job->action_id;
	ret->finished_usec = reclaimer_now_monotonic_usec();
}

static bool reclaimer_worker_next(struct reclaimer *reclaimer, struct job *ret)
{
	bool got = false;

	pthread_mutex_lock(&reclaimer->lock);
	while (reclaimer->n_queued == 0 && !reclaimer->ending)
		pthread_cond_wait(&reclaimer->changed, &reclaimer->lock);
	if (!reclaimer->ending) {
		*ret = reclaimer->queue[reclaimer->first];
		reclaimer->first = (reclaimer->first + 1) % RECLAIMER_QUEUE_MAX;
		reclaimer->n_queued--;
		got = true;
	}
	pthread_mutex_unlock(&reclaimer->lock);
	return got;
}

static void reclaimer_worker_finish(struct reclaimer *reclaimer, const struct outcome *outcome)
{
	pthread_mutex_lock(&reclaimer->lock);
	reclaimer->done[reclaimer->n_done++] = *outcome;
	pthread_mutex_unlock(&reclaimer->lock);
	eventfd_write(reclaimer->done_fd, 1);
}

static int reclaimer_alarm_new(timer_t *ret)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = INTERRUPT_SIGNAL };

	event._sigev_un._tid = gettid(); /* glibc 2.36 has no public name for it */
	return timer_create(CLOCK_MONOTONIC, &event, ret) < 0 ? -errno : 0;
}

static bool reclaimer_worker_report_start(struct reclaimer *reclaimer, int error)
{
	pthread_mutex_lock(&reclaimer->lock);
	reclaimer->worker_state = error < 0 ? error : 1;
	pthread_cond_broadcast(&reclaimer->changed);
	pthread_mutex_unlock(&reclaimer->lock);
	return error >= 0;
}

static void *reclaimer_worker_main(void *data)
{
	struct reclaimer *reclaimer = data;
	struct job job;
	timer_t alarm;
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, INTERRUPT_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	pthread_setname_np(pthread_self(), "reclaimer");
	if (!reclaimer_worker_report_start(reclaimer, reclaimer_alarm_new(&alarm)))
		return NULL;
	while (reclaimer_worker_next(reclaimer, &job)) {
		struct outcome outcome;

		reclaimer_job_run(&job, alarm, &outcome);
		reclaimer_job_done(&job);
		reclaimer_worker_finish(reclaimer, &outcome);
	}
	timer_delete(alarm);
	return NULL;
}

static void reclaimer_ignore_signal(int signal)
{
}

static int reclaimer_wait_for_start(struct reclaimer *reclaimer)
{
	int state;

	pthread_mutex_lock(&reclaimer->lock);
	while (reclaimer->worker_state == 0)
		pthread_cond_wait(&reclaimer->changed, &reclaimer->lock);
	state = reclaimer->worker_state;
	pthread_mutex_unlock(&reclaimer->lock);
	return state < 0 ? state : 0;
}

int reclaimer_start(struct reclaimer *reclaimer)
{
	const struct sigaction handler = { .sa_handler =
						   reclaimer_ignore_signal }; /* no SA_RESTART */
	int r;

	if (reclaimer->thread_is_running)
		return 0;
	if (sigaction(INTERRUPT_SIGNAL, &handler, &reclaimer->old_handler) < 0)
		return -errno;
	r = thread_start(&reclaimer->thread, STACK_BYTES, reclaimer_worker_main, reclaimer);
	if (r >= 0) {
		r = reclaimer_wait_for_start(reclaimer);
		if (r < 0) { /* it has ended by itself */
			pthread_join(reclaimer->thread, NULL);
			reclaimer->worker_state = 0;
		}
	}
	if (r < 0) {
		sigaction(INTERRUPT_SIGNAL, &reclaimer->old_handler, NULL);
		return r;
	}
	reclaimer->thread_is_running = true;
	return 0;
}

static void reclaimer_end_thread(struct reclaimer *reclaimer)
{
	struct timespec until;

	pthread_mutex_lock(&reclaimer->lock);
	reclaimer->ending = true;
	pthread_cond_broadcast(&reclaimer->changed);
	pthread_mutex_unlock(&reclaimer->lock);
	do {
		pthread_kill(reclaimer->thread, INTERRUPT_SIGNAL);
		until = reclaimer_timespec_from_usec(reclaimer_now_monotonic_usec() +
						     INTERRUPT_AGAIN_USEC);
	} while (pthread_clockjoin_np(reclaimer->thread, NULL, CLOCK_MONOTONIC, &until) ==
		 ETIMEDOUT);
	sigaction(INTERRUPT_SIGNAL, &reclaimer->old_handler, NULL);
}

/* ---- on the loop's thread ---- */

static int reclaimer_on_done(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct reclaimer *reclaimer = data;
	struct outcome done[RECLAIMER_QUEUE_MAX];
	eventfd_t count;
	size_t n;

	eventfd_read(fd, &count);
	pthread_mutex_lock(&reclaimer->lock);
	n = reclaimer->n_done;
	memcpy(done, reclaimer->done, n * sizeof(done[0]));
	reclaimer->n_done = 0;
	reclaimer->n_open -= n;
	pthread_mutex_unlock(&reclaimer->lock);
	for (size_t i = 0; i < n; i++)
		outcomes_add(reclaimer->outcomes, &done[i]);
	return 0;
}

int reclaimer_new(struct reclaimer **ret, sd_event *event, struct group_set *groups,
		  struct outcomes *outcomes)
{
	_cleanup_(reclaimer_free_cleanup) struct reclaimer *reclaimer = NULL;
	int r;

	reclaimer = calloc(1, sizeof(*reclaimer));
	if (!reclaimer)
		return -ENOMEM;
	reclaimer->groups = groups;
	reclaimer->outcomes = outcomes;
	pthread_mutex_init(&reclaimer->lock, NULL);
	pthread_cond_init(&reclaimer->changed, NULL);
	reclaimer->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reclaimer->done_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &reclaimer->source, reclaimer->done_fd, EPOLLIN,
			    reclaimer_on_done, reclaimer);
	if (r < 0)
		return r;
	sd_event_source_set_description(reclaimer->source, "reclaimer");
	reclaimer_start(reclaimer);
	*ret = take_ptr(reclaimer);
	return 0;
}

struct reclaimer *reclaimer_free(struct reclaimer *reclaimer)
{
	if (!reclaimer)
		return NULL;
	if (reclaimer->thread_is_running)
		reclaimer_end_thread(reclaimer);
	for (size_t i = 0; i < reclaimer->n_queued; i++)
		reclaimer_job_done(&reclaimer->queue[(reclaimer->first + i) % RECLAIMER_QUEUE_MAX]);
	sd_event_source_disable_unref(reclaimer->source);
	fd_close(reclaimer->done_fd);
	pthread_cond_destroy(&reclaimer->changed);
	pthread_mutex_destroy(&reclaimer->lock);
	free(reclaimer);
	return NULL;
}

static int reclaimer_job_open(struct reclaimer *reclaimer, const struct action *action,
			      struct job *ret)
{
	struct group *group = group_set_get(reclaimer->groups, action->group_slot);
	int fd;

	if (!group || group->id != action->group_id)
		return -ENODEV;
	fd = group_open(reclaimer->groups, group, "memory.reclaim", O_WRONLY);
	if (fd < 0)
		return fd;
	*ret = (struct job){
		.action_id = action->id,
		.bytes = action->bytes,
		.deadline_usec = action->deadline_usec,
		.reclaim_fd = fd,
		.current_fd = group_open(reclaimer->groups, group, "memory.current", O_RDONLY),
	};
	return 0;
}

/* Takes the job over, or refuses it when too many are open. */
static bool reclaimer_queue(struct reclaimer *reclaimer, const struct job *job)
{
	bool room;

	pthread_mutex_lock(&reclaimer->lock);
	room = reclaimer->n_open < RECLAIMER_QUEUE_MAX;
	if (room) {
		reclaimer->queue[(reclaimer->first + reclaimer->n_queued++) % RECLAIMER_QUEUE_MAX] =
			*job;
		reclaimer->n_open++;
		pthread_cond_signal(&reclaimer->changed);
	}
	pthread_mutex_unlock(&reclaimer->lock);
	return room;
}

void reclaimer_send(struct reclaimer *reclaimer, const struct action *action, uint64_t now_usec)
{
	struct outcome outcome = { .action_id = action->id, .finished_usec = now_usec };
	struct job job;
	int r;

	r = reclaimer->thread_is_running ? reclaimer_job_open(reclaimer, action, &job) : -EAGAIN;
	if (r < 0) {
		reclaimer_judge(r, 0, &outcome);
	} else if (!reclaimer_queue(reclaimer, &job)) {
		reclaimer_job_done(&job);
		outcome.result = RESULT_BUSY;
	} else {
		return;
	}
	outcomes_add(reclaimer->outcomes, &outcome);
}
