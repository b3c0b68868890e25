/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Words: the vocabulary of the judgement and the names the world sees
 *
 * The numbers are part of the D-Bus API, the channel messages and recorded traces: they never
 * change their meaning. The names are what profiles, reliefctl, the journal and D-Bus strings use.
 */

#include <stdint.h>

/* Who gives first: a group with a higher priority gives later; PRIORITY_MAX is systemd's "avoid".
 */
#define PRIORITY_MIN (-100)
#define PRIORITY_MAX 100

/* How short a group is. */
enum level {
	LEVEL_LOW, /* calm */
	LEVEL_MEDIUM,
	LEVEL_HIGH,
	LEVEL_CRITICAL,
	N_LEVELS,
};

/* What raised the level. */
enum signal {
	SIGNAL_NONE,
	SIGNAL_HEADROOM,   /* too little left */
	SIGNAL_EXHAUSTION, /* too little time left at this growth */
	SIGNAL_STALL,	   /* PSI, confirmed by a shortage */
	SIGNAL_EVENT,	   /* memory.events moved */
	SIGNAL_MANUAL,	   /* somebody asked */
	N_SIGNALS,
};

/* Whose shortage it is. */
enum attribution {
	ATTRIBUTION_NONE,      /* no shortage, no stall */
	ATTRIBUTION_HOST,      /* the node is short */
	ATTRIBUTION_OWN_LIMIT, /* the group is at its own memory.max or memory.high */
	ATTRIBUTION_IO,	       /* stall without shortage: nobody acts */
	N_ATTRIBUTIONS,
};

/* One step of the ladder. */
enum rung {
	RUNG_NONE,
	RUNG_WARN,
	RUNG_SHED,    /* ask caches to drop a share */
	RUNG_UNLOAD,  /* ask for idle modules to be unloaded */
	RUNG_RECLAIM, /* the kernel's memory.reclaim */
	N_RUNGS,
};

/* The ladder's fast twin: how a group that runs away is held still for a while. */
enum brake {
	BRAKE_OFF,
	BRAKE_AUTO,	/* a profile's word: whichever of the two below suits the group */
	BRAKE_FREEZE,	/* cgroup.freeze */
	BRAKE_THROTTLE, /* memory.high at what it has now: it may still give back */
	N_BRAKES,
};

enum module_kind {
	MODULE_CACHE,
	MODULE_MODEL,
	MODULE_POOL, /* connections, buffers */
	MODULE_WORKER,
	MODULE_OTHER,
	N_MODULE_KINDS,
};

/* How an action ended. */
enum result {
	RESULT_DONE,	/* all that was asked */
	RESULT_PARTIAL, /* some of it */
	RESULT_BUSY,	/* in use right now, ask again later */
	RESULT_NOTHING, /* nothing left to give */
	RESULT_FAILED,	/* an error; see `error` */
	RESULT_GONE,	/* the module's owner or the group went away first */
	RESULT_LATE,	/* no answer before the deadline */
	RESULT_DRY_RUN, /* not carried out, only described */
	N_RESULTS,
};

/* What tells growth on this host, best first. Each is tried if the one before it is refused. */
enum growth_clock {
	GROWTH_CLOCK_CHARGE,	  /* fexit/page_counter_try_charge: every 64 pages charged */
	GROWTH_CLOCK_RSS,	  /* tp_btf/rss_stat where it fires every 64 faults (before 6.2) */
	GROWTH_CLOCK_RSS_SAMPLED, /* the same where it fires at every fault; most leave at once */
	GROWTH_CLOCK_TASKS,	  /* only iter/task: a snapshot when asked; growth by a timer */
	GROWTH_CLOCK_NONE,	  /* no BPF: memory.current by a timer */
	N_GROWTH_CLOCKS,
};

/* What reliefd works without. */
enum degradation {
	DEGRADATION_NO_PSI = 1U << 0,	/* no PSI files: headroom and events only */
	DEGRADATION_SLOW_PSI = 1U << 1, /* windows must be multiples of 2 s */
	DEGRADATION_NO_MEMORY_CONTROLLER = 1U << 2,
	DEGRADATION_NO_EVENTS = 1U << 3, /* memory.events is not there or cannot be watched */
	/* Why the best growth clock is not in use: */
	DEGRADATION_NO_BTF = 1U << 4,		 /* no /sys/kernel/btf/vmlinux */
	DEGRADATION_NO_BPF_CAPABILITY = 1U << 5, /* CAP_BPF and CAP_PERFMON are not there */
	DEGRADATION_NO_FENTRY = 1U << 6,	 /* the kernel refuses fexit programs */
	DEGRADATION_NO_BPF = 1U << 7,		 /* nothing could be loaded, for whatever reason */
	DEGRADATION_BPF_OFF = 1U << 8,		 /* the settings ask for no better clock */
	/* These come and go: */
	DEGRADATION_NO_MEMORY_READING = 1U << 9, /* meminfo cannot be read or understood */
	DEGRADATION_ESTIMATED_MEMORY = 1U << 10, /* it has no MemAvailable */
	DEGRADATION_NO_INOTIFY = 1U << 11,	 /* births of cgroups are noticed late */
	DEGRADATION_NO_GROUPS = 1U << 12,	 /* no cgroup but the host is followed */
	DEGRADATION_STARVED = 1U << 13, /* a trigger or a watch is missing for want of a resource */
	DEGRADATION_UNFOLLOWED = 1U
				 << 14, /* some cgroup is not, for want of a slot or descriptor */
};

/*
 * The name of a value, "unknown" outside the range; and the value of a name.
 * Returns: 0 and *ret, or -1 (the policies know no errno) when no value has that name.
 */
const char *level_name(enum level level);
const char *signal_name(enum signal signal);
const char *attribution_name(enum attribution attribution);
const char *rung_name(enum rung rung);
const char *brake_name(enum brake brake);
const char *module_kind_name(enum module_kind kind);
const char *result_name(enum result result);
const char *growth_clock_name(enum growth_clock clock);
const char *degradation_name(enum degradation bit);
int level_from_name(const char *name, enum level *ret);
int signal_from_name(const char *name, enum signal *ret);
int attribution_from_name(const char *name, enum attribution *ret);
int rung_from_name(const char *name, enum rung *ret);
int brake_from_name(const char *name, enum brake *ret);
int module_kind_from_name(const char *name, enum module_kind *ret);
int result_from_name(const char *name, enum result *ret);
int growth_clock_from_name(const char *name, enum growth_clock *ret);
