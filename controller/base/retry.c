/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/retry.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/base/log.h"

/* A program that is being replaced is gone within this. */
#define FIRST_USEC 1000000ULL
/* An attempt costs some system calls, and what was mended should be found within a minute. */
#define LONGEST_USEC 60000000ULL
/* Nothing depends on the moment. */
#define SLACK_USEC 100000ULL

struct retry {
	struct retry_config config;
	sd_event_source *timer;
	uint64_t delay_usec;
};

static uint64_t retry_clock(const struct retry *retry)
{
	uint64_t now_usec = 0;

	sd_event_now(retry->config.event, CLOCK_MONOTONIC, &now_usec);
	return now_usec;
}

static void retry_plan(struct retry *retry)
{
	int r;

	r = sd_event_source_set_time_relative(retry->timer, retry->delay_usec);
	if (r >= 0)
		r = sd_event_source_set_enabled(retry->timer, SD_EVENT_ONESHOT);
	if (r < 0)
		log_errno(r, "Cannot plan the next try of %s", retry->config.name);
	retry->delay_usec = 2 * retry->delay_usec < LONGEST_USEC ? 2 * retry->delay_usec
								 : LONGEST_USEC;
}

static void retry_fail(struct retry *retry, const char *text)
{
	const struct problem *old = problems_find(retry->config.problems, retry->config.name);

	if (old && old->text && strcmp(old->text, text) == 0)
		return;
	log_error("%s", text);
	problems_set(retry->config.problems, retry->config.name, text, retry_clock(retry));
	wake_up(&retry->config.wake);
}

void retry_stop(struct retry *retry)
{
	retry->delay_usec = FIRST_USEC;
	sd_event_source_set_enabled(retry->timer, SD_EVENT_OFF);
	if (problems_clear(retry->config.problems, retry->config.name))
		wake_up(&retry->config.wake);
}

void retry_now(struct retry *retry)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = retry->config.attempt(retry->config.data, &text);
	if (r < 0) {
		retry_fail(retry, text ? text : strerror(-r));
		retry_plan(retry);
		return;
	}
	if (problems_find(retry->config.problems, retry->config.name))
		log_info("The problem \"%s\" is over", retry->config.name);
	retry_stop(retry);
}

static int retry_on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	retry_now(data);
	return 0;
}

int retry_explain(int error, char **ret_text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_text, format, args) < 0)
		*ret_text = NULL;
	va_end(args);
	return error;
}

int retry_new(struct retry **ret, const struct retry_config *config)
{
	_cleanup_(retry_free_cleanup) struct retry *retry = calloc(1, sizeof(*retry));
	int r;

	if (!retry)
		return -ENOMEM;
	retry->config = *config;
	retry->delay_usec = FIRST_USEC;
	r = sd_event_add_time(config->event, &retry->timer, CLOCK_MONOTONIC, 0, SLACK_USEC,
			      retry_on_timer, retry);
	if (r < 0)
		return r;
	sd_event_source_set_description(retry->timer, config->name);
	r = sd_event_source_set_enabled(retry->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = take_ptr(retry);
	return 0;
}

struct retry *retry_free(struct retry *retry)
{
	if (!retry)
		return NULL;
	sd_event_source_disable_unref(retry->timer);
	free(retry);
	return NULL;
}
