/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	loop                                     thread
 *	probes_loader_begin() ──── wanted ────▶ kernel_side_load()
 *	loaded()             ◀─── eventfd ──── is_done
 */
#include "controller/kernel/probes_loader.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "controller/base/log.h"
#include "controller/base/thread.h"
#include "controller/kernel/kernel_side.h"

DEFINE_CLEANUP(cap_t, cap_free);

struct probes_loader {
	struct probes_loader_config config;
	sd_event_source *source;
	int fd; /* eventfd */
	pthread_t thread;
	bool is_started;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_wanted, is_ending; /* under the lock, as what follows */
	bool is_done;
	struct kernel_side side;
};

/* Only what a load needs: RLIMIT_MEMLOCK is raised by libbpf on some kernels. */
static void probes_loader_keep_capabilities(void)
{
	static const cap_value_t wanted[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE };
	_cleanup_(cap_free_cleanup) cap_t now = cap_get_proc(), kept = cap_init();

	for (size_t i = 0; now && kept && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		(void)cap_get_flag(now, wanted[i], CAP_PERMITTED, &value);
		if (value == CAP_SET) {
			(void)cap_set_flag(kept, CAP_PERMITTED, 1, &wanted[i], CAP_SET);
			(void)cap_set_flag(kept, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET);
		}
	}
	if (!kept || cap_set_proc(kept) < 0)
		log_errno(-errno, "The thread that loads probes keeps more than it needs");
}

static void probes_loader_wake_loop(struct probes_loader *loader)
{
	const uint64_t one = 1;

	/* It cannot be full: each load writes once. */
	if (write(loader->fd, &one, sizeof(one)) < 0)
		log_errno(-errno, "Cannot say that probes are loaded");
}

static void *probes_loader_run(void *data)
{
	struct probes_loader *loader = data;
	struct kernel_side side;

	probes_loader_keep_capabilities();
	pthread_mutex_lock(&loader->lock);
	while (!loader->is_ending) {
		if (!loader->is_wanted) {
			pthread_cond_wait(&loader->changed, &loader->lock);
			continue;
		}
		pthread_mutex_unlock(&loader->lock);
		kernel_side_load(&side, loader->config.best, loader->config.total_bytes);
		pthread_mutex_lock(&loader->lock);
		loader->side = side;
		loader->is_wanted = false;
		loader->is_done = true;
		probes_loader_wake_loop(loader);
	}
	pthread_mutex_unlock(&loader->lock);
	return NULL;
}

static int probes_loader_on_done(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct probes_loader *loader = data;
	struct kernel_side side;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return 0;
	pthread_mutex_lock(&loader->lock);
	side = loader->side;
	loader->side = (struct kernel_side){ .clock = GROWTH_CLOCK_NONE };
	loader->is_done = false;
	pthread_mutex_unlock(&loader->lock);
	loader->config.loaded(loader->config.data, &side);
	probes_bpf__destroy(side.bpf);
	return 0;
}

int probes_loader_new(struct probes_loader **ret, const struct probes_loader_config *config)
{
	_cleanup_(probes_loader_free_cleanup) struct probes_loader *loader =
		calloc(1, sizeof(*loader));
	int r;

	if (!loader)
		return -ENOMEM;
	loader->config = *config;
	pthread_mutex_init(&loader->lock, NULL);
	pthread_cond_init(&loader->changed, NULL);
	loader->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loader->fd < 0)
		return -errno;
	r = sd_event_add_io(config->event, &loader->source, loader->fd, EPOLLIN,
			    probes_loader_on_done, loader);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(loader->source, "probes-loader");
	r = thread_start(&loader->thread, 0, probes_loader_run, loader);
	if (r < 0)
		return r;
	loader->is_started = true;
	*ret = take_ptr(loader);
	return 0;
}

struct probes_loader *probes_loader_free(struct probes_loader *loader)
{
	if (!loader)
		return NULL;
	if (loader->is_started) {
		pthread_mutex_lock(&loader->lock);
		loader->is_ending = true;
		pthread_cond_signal(&loader->changed);
		pthread_mutex_unlock(&loader->lock);
		pthread_join(loader->thread, NULL);
	}
	sd_event_source_disable_unref(loader->source);
	probes_bpf__destroy(loader->side.bpf);
	fd_close(loader->fd);
	pthread_cond_destroy(&loader->changed);
	pthread_mutex_destroy(&loader->lock);
	free(loader);
	return NULL;
}

void probes_loader_begin(struct probes_loader *loader)
{
	pthread_mutex_lock(&loader->lock);
	if (!loader->is_done)
		loader->is_wanted = true;
	pthread_cond_signal(&loader->changed);
	pthread_mutex_unlock(&loader->lock);
}
