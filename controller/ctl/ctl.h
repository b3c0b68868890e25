/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ctl: what every verb gets, and the verbs
 *
 * A verb returns its exit status: CTL_OK and the like.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controller/base/cleanup.h"

enum {
	CTL_OK = 0,
	CTL_FAILURE = 1,
	CTL_PRESSURE = 1, /* is-ok */
	CTL_USAGE = 2,
	CTL_NOT_RUNNING = 3, /* status, is-ok: as LSB has it */
	CTL_UNKNOWN = 4,     /* status, is-ok: the bus cannot be asked */
};

enum json_mode {
	JSON_OFF,
	JSON_SHORT,
	JSON_PRETTY,
};

enum ctl_sort {
	SORT_GROWTH, /* fastest first */
	SORT_RSS,    /* largest first */
};

/* Properties named by -p, at most; reliefd's largest interface has 37. */
#define CTL_MAX_PROPERTIES 64
/* As many tasks as reliefd ranks. */
#define CTL_MAX_LINES 100

struct ctl {
	enum json_mode json;
	bool legend;
	bool pager;
	bool quiet;
	bool ask_password;
	bool full;	     /* tables: whole names, all columns, however wide */
	bool value;	     /* show: values only */
	const char *root;    /* NULL: "/" */
	const char *profile; /* simulate: a name or a file; NULL: the one of reliefd.conf */
	const char *max_rung;
	uint64_t bytes;	       /* relieve, register: 0 = not said */
	uint64_t timeout_usec; /* relieve, register */
	const char *command;   /* register */
	const char *unit;      /* register; NULL: our own control group */
	const char *kind;      /* register */
	enum ctl_sort sort;    /* tasks, top */
	uint32_t n_lines;      /* tasks, top: rows at most; 0 = not said */
	bool tasks;	       /* top: tasks, not groups */
	bool once;	       /* top: one round */
	const char *properties[CTL_MAX_PROPERTIES];
	size_t n_properties;
};

/* "reliefctl: text" on stderr; returns CTL_FAILURE. */
int ctl_error(const char *format, ...) _printf_(1, 2);

/* The verb that runs, as the user wrote it. */
const char *ctl_verb_name(void);

/* CLOCK_MONOTONIC, as timestamps on the bus are. */
uint64_t ctl_now_usec(void);

/* argv: what stands behind the verb. */
int verb_status(struct ctl *ctl, int argc, char **argv);
int verb_is_ok(struct ctl *ctl, int argc, char **argv);
int verb_list(struct ctl *ctl, int argc, char **argv);
int verb_show(struct ctl *ctl, int argc, char **argv);
int verb_suggestions(struct ctl *ctl, int argc, char **argv);
int verb_mask(struct ctl *ctl, int argc, char **argv);
int verb_unmask(struct ctl *ctl, int argc, char **argv);
int verb_metrics(struct ctl *ctl, int argc, char **argv);
int verb_monitor(struct ctl *ctl, int argc, char **argv);
int verb_tasks(struct ctl *ctl, int argc, char **argv);
int verb_top(struct ctl *ctl, int argc, char **argv);
int verb_relieve(struct ctl *ctl, int argc, char **argv);
int verb_register(struct ctl *ctl, int argc, char **argv);
int verb_reload(struct ctl *ctl, int argc, char **argv);
int verb_verify(struct ctl *ctl, int argc, char **argv);
int verb_settings(struct ctl *ctl, int argc, char **argv);
int verb_dry_run(struct ctl *ctl, int argc, char **argv);
int verb_cat_config(struct ctl *ctl, int argc, char **argv);
int verb_doctor(struct ctl *ctl, int argc, char **argv);
int verb_help(struct ctl *ctl, int argc, char **argv);
int verb_simulate(struct ctl *ctl, int argc, char **argv);
