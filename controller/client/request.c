/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Requests: callbacks, answers now and later
 *
 *	REQUEST ──▶ callback ── a number ────────────────────────┐
 *	                │                                        ▼
 *	                └─ LATER ─▶ relief_request_done() ──▶  settled ──▶ ANSWER
 *	                            any thread, by `done`
 *
 * Settling belongs to the loop's thread: it notes what the answer means for the module.
 */

#include <stdlib.h>
#include <string.h>

#include "controller/client/internal.h"

/* Below this, walking the heap costs more than it brings. */
#define TRIM_BYTES (1024 * 1024)

static struct relief_request *request_new(struct relief *relief,
					  const struct relief_message *message)
{
	struct relief_request *request = relief->spare;

	if (request)
		relief->spare = NULL;
	else
		request = malloc(sizeof(*request));
	if (!request)
		return NULL;
	*request = (struct relief_request){
		.relief = relief,
		.next = relief->requests,
		.connection = relief->connection,
		.deadline_usec = USEC_NEVER,
		.message = *message,
	};
	if (message->timeout_usec > 0)
		request->deadline_usec = usec_add(relief_now_usec(), message->timeout_usec);
	relief->requests = request;
	return request;
}

static void request_free(struct relief *relief, struct relief_request *request)
{
	struct relief_request **link = &relief->requests;

	while (*link && *link != request)
		link = &(*link)->next;
	if (*link)
		*link = request->next;
	if (relief->spare)
		free(request);
	else
		relief->spare = request;
}

void requests_free(struct relief *relief)
{
	while (relief->requests) {
		struct relief_request *request = relief->requests;

		relief->requests = request->next;
		free(request);
	}
	free(relief->spare);
}

void requests_forget_module(struct relief *relief, const struct relief_module *module)
{
	for (struct relief_request *request = relief->requests; request; request = request->next)
		if (request->module == module)
			request->module = NULL;
}

void request_drop_settled(struct relief *relief)
{
	struct relief_request *request = relief->settled;

	relief->settled = request->next_settled;
	if (!relief->settled)
		relief->settled_tail = &relief->settled;
	request_free(relief, request);
}

static void request_settle(struct relief *relief, struct relief_request *request)
{
	struct relief_module *module = request->module;

	if (module && request->message.rung == RELIEF_RUNG_UNLOAD && request->answer >= 0) {
		module->flags |= RELIEF_FLAG_UNLOADED;
		module->report_owed = true;
		atomic_store(&module->size_bytes, 0);
	} else if (module && relief_module_size(module) != atomic_load(&module->reported_bytes)) {
		module->report_owed = true;
	}
	request->next_settled = NULL;
	*relief->settled_tail = request;
	relief->settled_tail = &request->next_settled;
}

void requests_settle(struct relief *relief)
{
	struct relief_request *newest_first, *oldest_first = NULL;

	if (!atomic_load_explicit(&relief->done, memory_order_relaxed))
		return;
	newest_first = atomic_exchange(&relief->done, NULL);
	while (newest_first) {
		struct relief_request *request = newest_first;

		newest_first = request->next_settled;
		request->next_settled = oldest_first;
		oldest_first = request;
	}
	while (oldest_first) {
		struct relief_request *request = oldest_first;

		oldest_first = request->next_settled;
		request_settle(relief, request);
	}
}

/* Returns: false when it has an answer already. */
static bool request_answer(struct relief_request *request, int64_t answer)
{
	if (atomic_exchange(&request->answered, true))
		return false;
	if (request->trim && answer > TRIM_BYTES)
		memory_trim_heap();
	request->answer = answer;
	return true;
}

API int relief_request_done(struct relief_request *request, int64_t answer)
{
	struct relief_request *head;
	struct relief *relief;

	if (!request || answer == RELIEF_ANSWER_LATER)
		return -EINVAL;
	relief = request->relief;
	if (!request_answer(request, answer))
		return -EINVAL;
	/* Once it is in the list, the loop may send and free it at any moment. */
	head = atomic_load(&relief->done);
	do
		request->next_settled = head;
	while (!atomic_compare_exchange_weak(&relief->done, &head, request));
	relief_wake(relief);
	return 0;
}

static int64_t request_run(struct relief_module *module, struct relief_request *request)
{
	const struct relief_message *message = &request->message;

	if (module->flags & RELIEF_FLAG_UNLOADED)
		return 0;
	if (message->rung == RELIEF_RUNG_SHED && module->ops.shed)
		return module->ops.shed(module, message->bytes, message->ratio_bp, request,
					module->userdata);
	if (message->rung == RELIEF_RUNG_UNLOAD && module->ops.unload)
		return module->ops.unload(module, request, module->userdata);
	return -EOPNOTSUPP;
}

/* For what has no request to keep the answer in: when the socket is full, it is late. */
static void request_refuse(struct relief *relief, const struct relief_message *message, int error)
{
	struct relief_message answer = {
		.type = RELIEF_ANSWER,
		.serial = message->serial,
		.module = message->module,
		.result = 4, /* failed */
		.error = error,
	};

	(void)connection_send(relief, &answer);
}

void request_receive(struct relief *relief, const struct relief_message *message)
{
	struct relief_module *module = module_find_id(relief, message->module);
	struct relief_request *request;
	int64_t answer;

	if (!module) /* it crossed our UNREGISTER, which is an answer, too */
		return;
	request = request_new(relief, message);
	if (!request) {
		request_refuse(relief, message, ENOMEM);
		return;
	}
	request->module = module;
	request->trim = !module->no_trim;
	answer = request_run(module, request);
	if (answer != RELIEF_ANSWER_LATER && request_answer(request, answer))
		request_settle(relief, request);
	/* The answer does not wait for the other packets of this turn. */
	if (!relief->free_wanted)
		owed_send(relief, relief_now_usec());
}

/* ---- what a request says -------------------------------------------------------------------- */

API uint64_t relief_request_id(const struct relief_request *request)
{
	return request ? request->message.serial : 0;
}

API enum relief_rung relief_request_rung(const struct relief_request *request)
{
	return request ? (enum relief_rung)request->message.rung : RELIEF_RUNG_SHED;
}

API enum relief_level relief_request_level(const struct relief_request *request)
{
	return request ? (enum relief_level)request->message.level : RELIEF_LEVEL_LOW;
}

API uint64_t relief_request_bytes(const struct relief_request *request)
{
	return request ? request->message.bytes : 0;
}

API uint64_t relief_request_deadline_usec(const struct relief_request *request)
{
	return request ? request->deadline_usec : USEC_NEVER;
}

API const char *relief_request_reason(const struct relief_request *request)
{
	return request ? request->message.name : "";
}
