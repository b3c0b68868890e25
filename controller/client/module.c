/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Modules, and what any thread may say about them
 *
 * Touch and size are stored in the module and the loop is woken only by the first news in an
 * interval (relief_raise_attention()). The stores and loads are sequentially consistent, since it
 * has to be one or the other: the loop sees the news when it looks again after lowering the
 * attention, or this thread sees the lowered attention.
 */

#include <stdlib.h>
#include <string.h>

#include "controller/client/internal.h"

/* A change of this much is news even to a large module. */
#define NEWS_BYTES (1024 * 1024ULL)
/* And of this share, to any. */
#define NEWS_SHARE 20 /* 1/20 = 5 % */

struct relief_module *module_find_id(struct relief *relief, uint64_t id)
{
	for (struct relief_module *m = relief->modules; m; m = m->next)
		if (m->state == MODULE_REGISTERED && !m->dead && m->id == id)
			return m;
	return NULL;
}

struct relief_module *module_find_serial(struct relief *relief, uint64_t serial)
{
	for (struct relief_module *m = relief->modules; m; m = m->next)
		if (m->state == MODULE_ASKED && m->serial == serial)
			return m;
	return NULL;
}

static bool module_name_is_taken(const struct relief *relief, const char *name)
{
	for (const struct relief_module *m = relief->modules; m; m = m->next)
		if (!m->dead && strcmp(m->name, name) == 0)
			return true;
	return false;
}

static uint64_t module_size_change(const struct relief_module *module)
{
	uint64_t size = atomic_load(&module->size_bytes);
	uint64_t reported = atomic_load(&module->reported_bytes);

	return size > reported ? size - reported : reported - size;
}

bool module_size_is_news(const struct relief_module *module)
{
	uint64_t change = module_size_change(module);

	return change > NEWS_BYTES || change > atomic_load(&module->reported_bytes) / NEWS_SHARE;
}

enum attention module_attention(const struct relief_module *module)
{
	if (!atomic_load(&module->known))
		return ATTENTION_NONE;
	if (module_size_change(module) > atomic_load(&module->reported_bytes) / NEWS_SHARE)
		return ATTENTION_NOW;
	if (atomic_load(&module->touched) || module_size_is_news(module))
		return ATTENTION_SOON;
	return ATTENTION_NONE;
}

void relief_raise_attention(struct relief *relief, enum attention wanted)
{
	int current = atomic_load(&relief->attention);

	while (current < (int)wanted) {
		if (atomic_compare_exchange_weak(&relief->attention, &current, (int)wanted)) {
			relief_wake(relief);
			return;
		}
	}
}

void module_set_state(struct relief_module *module, enum module_state state)
{
	module->state = state;
	atomic_store(&module->known, state == MODULE_REGISTERED && !module->dead);
	relief_raise_attention(module->relief, module_attention(module));
}

void modules_reap(struct relief *relief)
{
	struct relief_module **link = &relief->modules;

	while (*link) {
		struct relief_module *module = *link;

		/* While it is asked for, or registered, UNREGISTER will have to be said. */
		if (module->dead &&
		    (module->state == MODULE_NEW || module->state == MODULE_REFUSED)) {
			*link = module->next;
			free(module);
		} else {
			link = &module->next;
		}
	}
}

void modules_disconnected(struct relief *relief)
{
	for (struct relief_module *m = relief->modules; m; m = m->next)
		module_set_state(m, MODULE_NEW);
}

void modules_free(struct relief *relief)
{
	while (relief->modules) {
		struct relief_module *module = relief->modules;

		relief->modules = module->next;
		free(module);
	}
}

/* ---- registering ---------------------------------------------------------------------------- */

/* What the first release had: the last fields of its structs. */
#define FIRST_OPTIONS_SIZE \
	(offsetof(struct relief_module_options, reload_cost_usec) + sizeof(uint64_t))
#define FIRST_OPS_SIZE (offsetof(struct relief_module_ops, load) + sizeof(void (*)(void)))

/*
 * Copies a struct that starts with its size. From an older header it is shorter than ours: the rest
 * is 0. From a newer one it is longer: fine as long as it asks for nothing that we do not know.
 */
static int module_copy_sized(void *to, size_t size, size_t first_size, const void *from)
{
	size_t from_size;

	memcpy(&from_size, from, sizeof(from_size));
	if (from_size < first_size)
		return -EINVAL;
	for (size_t i = size; i < from_size; i++)
		if (((const char *)from)[i] != 0)
			return -E2BIG;
	memcpy(to, from, from_size < size ? from_size : size);
	return 0;
}

static bool module_name_is_valid(const char *name)
{
	size_t len = strnlen(name, RELIEF_NAME_MAX + 1);

	if (len < 1 || len > RELIEF_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

static uint32_t module_message_flags(const struct relief_module_options *options,
				     const struct relief_module_ops *ops)
{
	return (ops->shed ? RELIEF_FLAG_CAN_SHED : 0) | (ops->unload ? RELIEF_FLAG_CAN_UNLOAD : 0) |
	       (options->unloaded ? RELIEF_FLAG_UNLOADED : 0) |
	       (options->keep ? RELIEF_FLAG_KEEP : 0);
}

/* Returns: 0 and the module, in no list yet. */
static int module_make(struct relief_module **ret, const char *name,
		       const struct relief_module_options *options,
		       const struct relief_module_ops *ops, void *userdata)
{
	struct relief_module_options o = { .size = sizeof(o) };
	struct relief_module_ops callbacks = { 0 };
	struct relief_module *module;
	int r;

	if (!name || !module_name_is_valid(name) || !ops)
		return -EINVAL;
	r = options ? module_copy_sized(&o, sizeof(o), FIRST_OPTIONS_SIZE, options) : 0;
	if (r < 0)
		return r;
	r = module_copy_sized(&callbacks, sizeof(callbacks), FIRST_OPS_SIZE, ops);
	if (r < 0)
		return r;
	if ((!callbacks.shed && !callbacks.unload) || o.kind > RELIEF_KIND_OTHER)
		return -EINVAL;

	module = calloc(1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	strcpy(module->name, name);
	module->ops = callbacks;
	module->userdata = userdata;
	module->kind = o.kind;
	module->flags = module_message_flags(&o, &callbacks);
	module->no_trim = o.no_trim;
	module->idle_limit_usec = o.idle_limit_usec;
	module->reload_cost_usec = o.reload_cost_usec;
	atomic_init(&module->size_bytes, o.bytes);
	*ret = module;
	return 0;
}

/* At the end: reliefd learns of modules in the order in which they were registered. */
static void module_link(struct relief *relief, struct relief_module *module)
{
	struct relief_module **link = &relief->modules;

	while (*link)
		link = &(*link)->next;
	*link = module;
	module->relief = relief;
}

API int relief_module_register(struct relief *relief, struct relief_module **ret, const char *name,
			       const struct relief_module_options *options,
			       const struct relief_module_ops *ops, void *userdata)
{
	struct relief_module *module;
	int r;

	if (!relief || !ret)
		return -EINVAL;
	r = module_make(&module, name, options, ops, userdata);
	if (r < 0)
		return r;
	if (module_name_is_taken(relief, name)) {
		free(module);
		return -EEXIST;
	}
	relief_enter(relief);
	module_link(relief, module);
	*ret = module;
	relief_leave(relief);
	return 0;
}

API int relief_module_adopt(struct relief *relief, struct relief_module **ret, uint64_t id,
			    const char *name, const struct relief_module_options *options,
			    const struct relief_module_ops *ops, void *userdata)
{
	struct relief_module *module;
	int r;

	if (!relief || !ret)
		return -EINVAL;
	if (relief->path || relief->socket_fd < 0)
		return -ENOTSUP;
	r = module_make(&module, name, options, ops, userdata);
	if (r < 0)
		return r;
	if (module_name_is_taken(relief, name) || module_find_id(relief, id)) {
		free(module);
		return -EEXIST;
	}
	relief_enter(relief);
	module_link(relief, module);
	module->id = id;
	module->report_owed = true; /* RegisterFD() may have been told another size */
	module_set_state(module, MODULE_REGISTERED);
	*ret = module;
	relief_leave(relief);
	return 0;
}

API struct relief_module *relief_module_unregister(struct relief_module *module)
{
	struct relief *relief;

	if (!module || module->dead)
		return NULL;
	relief = module->relief;
	relief_enter(relief);
	requests_forget_module(relief, module);
	module->dead = true;
	atomic_store(&module->known, false);
	relief_leave(relief);
	return NULL;
}

/* ---- news ----------------------------------------------------------------------------------- */

API void relief_module_touch(struct relief_module *module)
{
	if (!module || atomic_load_explicit(&module->touched, memory_order_relaxed))
		return;
	atomic_store(&module->touched, true);
	if (atomic_load(&module->known))
		relief_raise_attention(module->relief, ATTENTION_SOON);
}

API void relief_module_set_size(struct relief_module *module, uint64_t bytes)
{
	if (!module)
		return;
	atomic_store(&module->size_bytes, bytes);
	relief_raise_attention(module->relief, module_attention(module));
}

API uint64_t relief_module_size(const struct relief_module *module)
{
	return module ? atomic_load(&module->size_bytes) : 0;
}

/* ---- use ------------------------------------------------------------------------------------ */

static int module_load(struct relief_module *module)
{
	struct relief *relief = module->relief;
	uint64_t started_usec = relief_now_usec();
	int64_t size_bytes = (int64_t)relief_module_size(module);

	relief_enter(relief);
	if (module->ops.load) {
		size_bytes = module->ops.load(module, module->userdata);
		if (size_bytes >= 0) {
			module->reload_cost_usec = relief_now_usec() - started_usec;
			atomic_store(&module->size_bytes, (uint64_t)size_bytes);
		}
	}
	if (size_bytes >= 0) {
		module->flags &= ~(uint32_t)RELIEF_FLAG_UNLOADED;
		module->report_owed = true;
	}
	relief_leave(relief);
	return size_bytes < 0 ? (int)size_bytes : 0;
}

API int relief_module_use(struct relief_module *module)
{
	if (!module)
		return -EINVAL;
	relief_module_touch(module);
	requests_settle(module->relief); /* another thread may have unloaded it just now */
	return relief_module_is_loaded(module) ? 0 : module_load(module);
}

API bool relief_module_is_loaded(const struct relief_module *module)
{
	return module && !(module->flags & RELIEF_FLAG_UNLOADED);
}

API bool relief_module_is_registered(const struct relief_module *module)
{
	return module && module->state == MODULE_REGISTERED;
}

API const char *relief_module_name(const struct relief_module *module)
{
	return module ? module->name : "";
}
