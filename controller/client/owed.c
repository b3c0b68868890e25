/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Packets out: what reliefd has not been told yet
 *
 * In the order in which it matters to the other end: who goes makes room for who comes (names are
 * unique), a size is told before the answer that explains it, and news that nobody waits for comes
 * last and at its own pace. A full socket stops the round anywhere; the next one goes on there.
 */

#include <string.h>

#include "controller/client/internal.h"

/*
 * REGISTERs on the way at a time. reliefd answers each, and closes a channel whose client does not
 * read its answers; a service that registers hundreds before its first turn is no such client.
 */
#define ASKED_MAX 16
/* reliefd takes sizes and times below 2^60. */
#define AMOUNT_MAX ((UINT64_C(1) << 60) - 1)

static uint64_t owed_amount(uint64_t value)
{
	return value < AMOUNT_MAX ? value : AMOUNT_MAX;
}

static int owed_hello(struct relief *relief)
{
	struct relief_message message = { .type = RELIEF_HELLO };
	int r;

	if (!relief->hello_owed)
		return 0;
	r = connection_send(relief, &message);
	if (r == 0)
		relief->hello_owed = false;
	return r;
}

static int owed_unregister(struct relief *relief)
{
	for (struct relief_module *m = relief->modules; m; m = m->next) {
		struct relief_message message = { .type = RELIEF_UNREGISTER, .module = m->id };
		int r;

		if (!m->dead || m->state != MODULE_REGISTERED)
			continue;
		r = connection_send(relief, &message);
		if (r < 0)
			return r;
		module_set_state(m, MODULE_NEW);
	}
	return 0;
}

static int owed_send_register(struct relief_module *module)
{
	uint64_t size_bytes = relief_module_size(module);
	struct relief_message message = {
		.type = RELIEF_REGISTER,
		.flags = module->flags,
		/* The upper half: reliefd's own serials, echoed in some errors, count from 1. */
		.serial = ++module->relief->next_serial | 1ULL << 63,
		.bytes = owed_amount(size_bytes),
		.idle_limit_usec = owed_amount(module->idle_limit_usec),
		.reload_cost_usec = owed_amount(module->reload_cost_usec),
		.kind = (uint16_t)module->kind,
	};
	int r;

	memcpy(message.name, module->name, sizeof(message.name));
	r = connection_send(module->relief, &message);
	if (r < 0)
		return r;
	module->serial = message.serial;
	module->report_owed = false;
	atomic_store(&module->reported_bytes, size_bytes);
	module_set_state(module, MODULE_ASKED);
	return 0;
}

/* A namesake that was given back is at reliefd yet, or will be when its answer comes. */
static bool owed_name_is_held(struct relief *relief, const char *name)
{
	for (struct relief_module *m = relief->modules; m; m = m->next)
		if (m->dead && (m->state == MODULE_ASKED || m->state == MODULE_REGISTERED) &&
		    strcmp(m->name, name) == 0)
			return true;
	return false;
}

static int owed_register(struct relief *relief)
{
	int n_asked = 0;

	for (struct relief_module *m = relief->modules; m; m = m->next)
		n_asked += m->state == MODULE_ASKED;
	for (struct relief_module *m = relief->modules; m; m = m->next) {
		int r;

		if (m->dead || m->state != MODULE_NEW || owed_name_is_held(relief, m->name))
			continue;
		if (n_asked++ >= ASKED_MAX)
			return 0;
		r = owed_send_register(m);
		if (r < 0)
			return r;
	}
	return 0;
}

static int owed_send_report(struct relief_module *module)
{
	uint64_t size_bytes = relief_module_size(module);
	struct relief_message message = {
		.type = RELIEF_REPORT,
		.module = module->id,
		.flags = module->flags & RELIEF_FLAG_UNLOADED,
		.bytes = owed_amount(size_bytes),
		.reload_cost_usec = owed_amount(module->reload_cost_usec),
	};
	int r;

	r = connection_send(module->relief, &message);
	if (r < 0)
		return r;
	module->report_owed = false;
	atomic_store(&module->reported_bytes, size_bytes);
	return 0;
}

static int owed_reports(struct relief *relief)
{
	for (struct relief_module *m = relief->modules; m; m = m->next) {
		int r;

		if (!m->report_owed || m->dead || m->state != MODULE_REGISTERED)
			continue;
		r = owed_send_report(m);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The kernel's last. What is beyond is no errno. */
#define ERRNO_MAX 4095

/* The results of message.h. */
enum {
	RESULT_DONE = 0,
	RESULT_PARTIAL = 1,
	RESULT_BUSY = 2,
	RESULT_NOTHING_LEFT = 3,
	RESULT_FAILED = 4,
};

static uint16_t owed_answer_result(const struct relief_request *request)
{
	if (request->answer == -EBUSY || request->answer == -EAGAIN)
		return RESULT_BUSY;
	if (request->answer < 0)
		return RESULT_FAILED;
	if (request->message.rung == RELIEF_RUNG_UNLOAD)
		return RESULT_DONE;
	if (request->answer == 0)
		return RESULT_NOTHING_LEFT;
	return (uint64_t)request->answer >= request->message.bytes ? RESULT_DONE : RESULT_PARTIAL;
}

static int owed_send_answer(struct relief *relief, const struct relief_request *request)
{
	struct relief_message message = {
		.type = RELIEF_ANSWER,
		.serial = request->message.serial,
		.module = request->message.module,
		.bytes = request->answer > 0 ? owed_amount((uint64_t)request->answer) : 0,
		.result = owed_answer_result(request),
	};

	if (message.result == RESULT_FAILED)
		message.error = request->answer >= -ERRNO_MAX ? (int32_t)-request->answer : EIO;
	return connection_send(relief, &message);
}

static int owed_answers(struct relief *relief)
{
	while (relief->settled) {
		const struct relief_request *request = relief->settled;

		/* Nobody waits for an answer to a connection or a module that is gone. */
		if (request->module && request->connection == relief->connection) {
			int r = owed_send_answer(relief, request);

			if (r < 0)
				return r;
		}
		request_drop_settled(relief);
	}
	return 0;
}

static int owed_send_touch(struct relief_module *module)
{
	struct relief_message message = { .type = RELIEF_TOUCH, .module = module->id };
	int r;

	/* Cleared first: a touch from another thread meanwhile counts for the next round. */
	atomic_store(&module->touched, false);
	r = connection_send(module->relief, &message);
	if (r < 0)
		atomic_store(&module->touched, true);
	return r;
}

/* Returns: messages sent; -EAGAIN when the socket is full. */
static int owed_send_news(struct relief *relief, bool touches)
{
	int n = 0, r;

	for (struct relief_module *m = relief->modules; m; m = m->next) {
		if (!atomic_load(&m->known))
			continue;
		if (module_attention(m) == ATTENTION_NOW || (touches && module_size_is_news(m))) {
			r = owed_send_report(m);
			if (r < 0)
				return r;
			n++;
		}
		if (touches && atomic_load(&m->touched)) {
			r = owed_send_touch(m);
			if (r < 0)
				return r;
			n++;
		}
	}
	return n;
}

/*
 * Lowers the attention, then looks again: a thread that set something after we looked and before we
 * lowered saw no reason to wake us.
 */
static void owed_lower_attention(struct relief *relief, enum attention attention)
{
	atomic_store(&relief->attention, attention);
	for (struct relief_module *m = relief->modules; m; m = m->next) {
		enum attention wanted = module_attention(m);

		if (wanted > attention)
			attention = wanted;
	}
	if (attention > (enum attention)atomic_load(&relief->attention))
		atomic_store(&relief->attention, attention);
}

/* Touches and sizes, when their interval is over. Returns: when to look again. */
static uint64_t owed_news(struct relief *relief, uint64_t now_usec)
{
	enum attention attention = (enum attention)atomic_load(&relief->attention);
	uint64_t touches_usec = relief->touches_sent_usec + TOUCH_INTERVAL_USEC;
	uint64_t reports_usec = relief->reports_sent_usec + REPORT_INTERVAL_USEC;
	bool touches = attention >= ATTENTION_SOON && now_usec >= touches_usec;
	bool reports = attention == ATTENTION_NOW && now_usec >= reports_usec;
	int n;

	if (touches || reports) {
		n = owed_send_news(relief, touches);
		if (n < 0)
			return USEC_NEVER;
		relief->reports_sent_usec = now_usec;
		if (touches)
			relief->touches_sent_usec = now_usec;
		/*
		 * A module in use will be touched again at once. Staying at SOON makes that one
		 * wake-up a second, by the timer, instead of two.
		 */
		owed_lower_attention(relief, touches && n > 0 ? ATTENTION_SOON : ATTENTION_NONE);
	}

	attention = (enum attention)atomic_load(&relief->attention);
	if (attention == ATTENTION_NONE)
		return USEC_NEVER;
	if (attention == ATTENTION_SOON)
		return relief->touches_sent_usec + TOUCH_INTERVAL_USEC;
	return relief->reports_sent_usec + REPORT_INTERVAL_USEC;
}

uint64_t owed_send(struct relief *relief, uint64_t now_usec)
{
	if (relief->socket_fd < 0 || relief->broken || relief->blocked)
		return USEC_NEVER;
	if (owed_hello(relief) < 0 || owed_unregister(relief) < 0 || owed_register(relief) < 0 ||
	    owed_reports(relief) < 0 || owed_answers(relief) < 0)
		return USEC_NEVER;
	return owed_news(relief, now_usec);
}
