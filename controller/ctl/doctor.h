/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Doctor: one check a row, each with its fix
 *
 * A check looks at one thing and says one of three things about it:
 *   ok    as reliefd wants it
 *   warn  reliefd works without it, but does less or does it later
 *   fail  reliefd cannot do its main job
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "controller/ctl/ctl.h"
#include "controller/groups/cgroup_tree.h"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN,
	VERDICT_FAIL,
};

struct finding {
	enum verdict verdict;
	char detail[1024];
	char fix[768]; /* "" when there is nothing to do */
};

/* What several checks need; looked up once before the first. */
struct doctor {
	const struct ctl *ctl;
	struct cgroup_tree tree;
	bool has_memory;      /* the v2 tree has the memory controller */
	sd_bus *bus;	      /* NULL: not reachable */
	int bus_error;	      /* why not */
	int daemon_pid;	      /* 0: not running */
	json_object *manager; /* its properties; NULL: it cannot be asked */
};

/* Fills detail; the second also what to do about it. */
void finding_ok(struct finding *finding, const char *format, ...) _printf_(2, 3);
void finding_bad(struct finding *finding, enum verdict verdict, const char *fix, const char *format,
		 ...) _printf_(4, 5);

/* doctor_kernel.c */
void check_kernel(struct doctor *doctor, struct finding *finding);
void check_psi(struct doctor *doctor, struct finding *finding);
void check_psi_trigger(struct doctor *doctor, struct finding *finding);
void check_cgroup(struct doctor *doctor, struct finding *finding);
void check_memory_controller(struct doctor *doctor, struct finding *finding);
void check_reclaim(struct doctor *doctor, struct finding *finding);
void check_btf(struct doctor *doctor, struct finding *finding);
void check_swap(struct doctor *doctor, struct finding *finding);

/* doctor_growth.c */
void check_growth(struct doctor *doctor, struct finding *finding);
void check_brake(struct doctor *doctor, struct finding *finding);

/* doctor_service.c */
void check_bus(struct doctor *doctor, struct finding *finding);
void check_daemon(struct doctor *doctor, struct finding *finding);
void check_degraded(struct doctor *doctor, struct finding *finding);
void check_capabilities(struct doctor *doctor, struct finding *finding);
void check_polkit(struct doctor *doctor, struct finding *finding);
void check_groups(struct doctor *doctor, struct finding *finding);
void check_channel(struct doctor *doctor, struct finding *finding);
void check_state(struct doctor *doctor, struct finding *finding);
void check_config(struct doctor *doctor, struct finding *finding);

/* doctor_guards.c */
void check_competing(struct doctor *doctor, struct finding *finding);
/* The daemon's own word on a problem of that name, or NULL. */
const char *problem_text(const struct doctor *doctor, const char *name);
/* The pid of the process with this name, 0 when there is none. */
int find_process(const char *name);
