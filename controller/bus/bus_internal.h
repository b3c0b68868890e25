/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files of the bus share: the struct, and who registers which interface
 *
 * Outsiders include bus.h.
 */

#include <systemd/sd-bus.h>

#include "controller/bus/bus_caller.h"
#include "controller/bus/bus_config.h"
#include "controller/bus/kill_notes.h"
#include "controller/registry/agents_keeper.h"
#include "policies/outlook.h"
#include "policies/suggestion.h"

#define BUS_MANAGER_INTERFACE BUS_NAME ".Manager"
#define BUS_GROUP_INTERFACE   BUS_NAME ".Group"
#define BUS_MODULE_INTERFACE  BUS_NAME ".Module"
#define BUS_GROUP_PREFIX      BUS_PATH "/group"
#define BUS_MODULE_PREFIX     BUS_PATH "/module"
/* ".../module/m" and a 64-bit number */
#define BUS_MODULE_PATH_SIZE (sizeof(BUS_MODULE_PREFIX) + 2 + 20)

/* Where a setting comes from: a cgroup's path or a file's, and words. */
#define BUS_ORIGIN_SIZE 4352

/* Relieve() calls that wait for their end: as many as the policies run ladders at a time. */
#define BUS_MAX_ORDERS 64

/* A Relieve() call whose order is not done yet. */
struct waiting_order {
	sd_bus_message *call; /* NULL: free */
	uint64_t order_id;
};

/* What was last told of a group, to tell only what is new. */
struct published_group {
	uint64_t id; /* 0: nothing yet */
	enum level level;
	enum rung rung;
	enum signal signal;
	enum attribution attribution;
	enum brake brake;
	uint64_t brake_until_usec;
	uint64_t n_own_kills; /* as noted, see bus_kills.c */
};

struct published_module {
	uint64_t id;
	bool unloaded;
};

struct published_manager {
	uint32_t n_groups, n_modules, n_held;
	size_t n_unfollowed;
	uint32_t degradations;
	uint64_t problems; /* their version */
	enum growth_clock clock;
};

/* What a property getter of a group gets to see; filled by bus_group_find_group(). */
struct group_view {
	struct bus *bus;
	const struct group *group;
	const struct group_state *state; /* of a calm group when the policies have not met it yet */
	struct outlook outlook;		 /* as of this turn of the loop */
};

struct module_view {
	struct bus *bus;
	struct module *module;
	const struct module_state *state; /* all zero, likewise */
};

struct bus {
	struct bus_config config;
	bool dry_run;
	struct agents *agents;
	struct agents_keeper *keeper; /* NULL: registrations end with the daemon */

	/* bus.c: the connection */
	sd_bus *connection; /* NULL between two tries */
	sd_event_source *retry;
	uint64_t retry_delay_usec;
	bool connected; /* said hello */
	bool named;	/* owns BUS_NAME */
	bool said_why;	/* the present trouble is in the log */

	struct callers callers;

	/* bus_publish.c */
	struct published_manager manager;
	struct published_group *groups;	  /* by slot */
	struct published_module *modules; /* by slot */
	uint64_t n_unsent;

	/* bus_kills.c */
	struct kill_notes kills;
	uint64_t n_counted_kills; /* of state.n_killed */

	/* bus_order.c */
	struct waiting_order orders[BUS_MAX_ORDERS];

	/*
	 * One of each is enough: sd-bus asks for an object and then for its properties, one object
	 * after the other, in one thread.
	 */
	struct group_view group_view;
	struct module_view module_view;
};

/* See callers_admit(). */
static inline int bus_admit(struct bus *bus, sd_bus_message *call, const char *action,
			    caller_handler handler, sd_bus_error *error)
{
	return callers_admit(&bus->callers, call, action, handler, error);
}

/* The interfaces; called anew for each connection. Return 0 or negative errno. */
int bus_add_manager(struct bus *bus);
int bus_add_groups(struct bus *bus);
int bus_add_modules(struct bus *bus);

/* Object paths. The group's is the caller's to free; -ENOMEM is the only error. */
int bus_group_path(const struct group *group, char **ret);
void bus_module_path(uint64_t module_id, char buf[static BUS_MODULE_PATH_SIZE]);
/* The object at a path, or NULL. */
struct group *bus_group_at(struct bus *bus, const char *path);
struct module *bus_module_at(struct bus *bus, const char *path);

/* The group behind a Relieve() argument: "" and "/" are the host. */
int bus_find_group(struct bus *bus, const char *control_group, struct group **ret,
		   sd_bus_error *error);
/* The level that a group falls to; "" while it is not recovering. */
const char *bus_recovery_word(struct recovery recovery);
/* When this turn of the loop began, CLOCK_MONOTONIC. */
uint64_t bus_now(const struct bus *bus);
/* Path of the group in that slot, "" when it is gone. */
const char *bus_group_name(struct bus *bus, uint32_t slot, uint64_t id);
/* Methods that Manager shares with the objects; called once the caller may. */
int bus_relieve(struct bus *bus, sd_bus_message *call, const struct group *group, uint64_t bytes,
		const char *max_rung, sd_bus_error *error);
int bus_unregister(struct bus *bus, sd_bus_message *call, struct module *module,
		   sd_bus_error *error);
/* Mask, Unmask, Unregister by an administrator, the property Masked: bus_mask.c */
int bus_mask(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	     sd_bus_error *error);
int bus_unmask(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	       sd_bus_error *error);
int bus_unregister_for_others(struct bus *bus, sd_bus_message *call, const struct caller *caller,
			      struct module *module, sd_bus_error *error);
int bus_get_masked(sd_bus *connection, const char *path, const char *interface,
		   const char *property, sd_bus_message *reply, void *userdata,
		   sd_bus_error *error);
/* Register and RegisterFD, bus_register.c */
int bus_register(struct bus *bus, sd_bus_message *call, const struct caller *caller,
		 sd_bus_error *error);
int bus_register_fd(struct bus *bus, sd_bus_message *call, const struct caller *caller,
		    sd_bus_error *error);

/* Reload, GetSettings, Problems, Degraded and DegradedReasons, bus_settings.c */
int bus_reload(struct bus *bus, sd_bus_message *call, const struct caller *caller,
	       sd_bus_error *error);
int bus_get_settings(sd_bus_message *call, void *userdata, sd_bus_error *error);
int bus_get_unfollowed(sd_bus *connection, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply, void *userdata,
		       sd_bus_error *error);
int bus_get_problems(sd_bus *connection, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply, void *userdata,
		     sd_bus_error *error);
int bus_get_degraded(sd_bus *connection, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply, void *userdata,
		     sd_bus_error *error);
int bus_get_degraded_reasons(sd_bus *connection, const char *path, const char *interface,
			     const char *property, sd_bus_message *reply, void *userdata,
			     sd_bus_error *error);

/* GetSuggestions, bus_suggestion.c */
int bus_suggest(struct bus *bus, sd_bus_message *call);

int bus_tell_level_change(struct bus *bus, const struct level_change *change);
int bus_tell_episode(struct bus *bus, const struct episode_report *report);
/* The group that grew in a running shortage, or one that this step ended; NULL: none was seen. */
const struct tally_grower *bus_grower_of(const struct bus *bus, uint64_t episode_id);
/* A signal of the manager. */
int bus_new_signal(struct bus *bus, const char *member, sd_bus_message **ret);
/* bus_brake.c: the signal BrakeChanged. */
int bus_tell_brake(struct bus *bus, const struct brake_change *change);

/* bus_kills.c: notes the kills that a step counted. */
void bus_note_kills(struct bus *bus);

/* Answers the orders that ended; forgets them all, when nobody is there to hear it. */
void bus_answer_orders(struct bus *bus, const struct decision *decision);
void bus_drop_orders(struct bus *bus);

/* True while signals may be queued: somebody reads, and not too much waits already. */
bool bus_can_emit(struct bus *bus);
/* Takes the present state as told: a new connection starts with it. */
void bus_published_reset(struct bus *bus);
/* Listeners of the group set and the registry. */
int bus_publish_listen(struct bus *bus);

/*
 * Getters: BUS_GETTER(name, view, letter, type, expression in `v`)
 */
#define BUS_GETTER(fn, view, letter, type, expression)                                     \
	static int fn(sd_bus *connection _unused_, const char *path _unused_,              \
		      const char *interface _unused_, const char *property _unused_,       \
		      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) \
	{                                                                                  \
		const struct view *v = userdata;                                           \
                                                                                           \
		return sd_bus_message_append(reply, letter, (type)(expression));           \
	}
#define BUS_GETTER_U64(fn, view, expression)	BUS_GETTER(fn, view, "t", uint64_t, expression)
#define BUS_GETTER_U32(fn, view, expression)	BUS_GETTER(fn, view, "u", uint32_t, expression)
#define BUS_GETTER_I32(fn, view, expression)	BUS_GETTER(fn, view, "i", int32_t, expression)
#define BUS_GETTER_BOOL(fn, view, expression)	BUS_GETTER(fn, view, "b", int, expression)
#define BUS_GETTER_STRING(fn, view, expression) BUS_GETTER(fn, view, "s", const char *, expression)

/*
 * Vtable rows. Properties: fixed for the life of the object; told when they change; only read when
 * somebody asks (counters and readings: never a signal at the rate of the kernel's events).
 * Methods are all SD_BUS_VTABLE_UNPRIVILEGED: who may what is asked in bus_admit(), since sd-bus'
 * own check would wait for the bus and knows uid 0 only.
 */
#define BUS_CONSTANT(name, type, getter) \
	SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define BUS_TOLD(name, type, getter) \
	SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
#define BUS_UNTOLD(name, type, getter) SD_BUS_PROPERTY(name, type, getter, 0, 0)
