/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor: what this host gives reliefd to work with, and how to get the rest
 *
 * Needs neither the daemon nor the bus; what it cannot ask it looks up in /proc.
 */

#include "controller/ctl/doctor.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "controller/ctl/api.h"
#include "controller/ctl/output.h"
#include "controller/ctl/remote.h"

static const struct check {
	const char *name;
	void (*run)(struct doctor *doctor, struct finding *finding);
} checks[] = {
	{ "kernel", check_kernel },
	{ "psi", check_psi },
	{ "psi-trigger", check_psi_trigger },
	{ "cgroup", check_cgroup },
	{ "memory-controller", check_memory_controller },
	{ "memory-reclaim", check_reclaim },
	{ "btf", check_btf },
	{ "swap", check_swap },
	{ "bus", check_bus },
	{ "reliefd", check_daemon },
	{ "degraded", check_degraded },
	{ "groups", check_groups },
	{ "growth", check_growth },
	{ "brake", check_brake },
	{ "capabilities", check_capabilities },
	{ "polkit", check_polkit },
	{ "competing", check_competing },
	{ "channel", check_channel },
	{ "state", check_state },
	{ "config", check_config },
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

static const struct {
	const char *name, *colour;
} verdicts[] = {
	[VERDICT_OK] = { "ok", "green" },
	[VERDICT_WARN] = { "warn", "yellow" },
	[VERDICT_FAIL] = { "fail", "red" },
};

void finding_ok(struct finding *finding, const char *format, ...)
{
	va_list args;

	finding->verdict = VERDICT_OK;
	finding->fix[0] = '\0';
	va_start(args, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, args);
	va_end(args);
}

void finding_bad(struct finding *finding, enum verdict verdict, const char *fix, const char *format,
		 ...)
{
	va_list args;

	finding->verdict = verdict;
	snprintf(finding->fix, sizeof(finding->fix), "%s", fix);
	va_start(args, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, args);
	va_end(args);
}

static int doctor_pid_of_daemon(sd_bus *bus)
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	pid_t pid;

	if (!bus)
		return find_process("reliefd");
	if (sd_bus_get_name_creds(bus, API_NAME, SD_BUS_CREDS_PID, &creds) < 0 ||
	    sd_bus_creds_get_pid(creds, &pid) < 0)
		return find_process("reliefd");
	return pid;
}

static void doctor_begin(struct doctor *doctor, const struct ctl *ctl)
{
	*doctor = (struct doctor){ .ctl = ctl };
	if (cgroup_tree_init(&doctor->tree, NULL, NULL) < 0)
		doctor->tree = (struct cgroup_tree){ .mode = CGROUP_MODE_NONE };
	doctor->has_memory = doctor->tree.mode == CGROUP_MODE_PURE;
	doctor->bus_error = sd_bus_open_system(&doctor->bus);
	if (doctor->bus_error < 0)
		doctor->bus = NULL;
	doctor->daemon_pid = doctor_pid_of_daemon(doctor->bus);
	if (doctor->bus && sd_bus_get_name_creds(doctor->bus, API_NAME, 0, NULL) >= 0)
		remote_get_all(doctor->bus, API_PATH, API_I_MANAGER, &doctor->manager);
}

static void doctor_end(struct doctor *doctor)
{
	json_object_put(doctor->manager);
	sd_bus_flush_close_unref(doctor->bus);
	cgroup_tree_done(&doctor->tree);
}

enum {
	COL_CHECK,
	COL_STATUS,
	COL_DETAIL,
};

static const struct output_column columns[] = {
	[COL_CHECK] = { "CHECK" },
	[COL_STATUS] = { "STATUS" },
	[COL_DETAIL] = { "DETAIL", SCOLS_FL_WRAP },
};

/* What the two columns before it and the gaps take. */
#define DETAIL_START 25

/* libsmartcols breaks within words, unless it is told where. */
static void doctor_wrap_words(char *text, size_t width)
{
	char *line = text, *blank = NULL;

	for (char *c = text; *c; c++) {
		if (*c == ' ')
			blank = c;
		if ((size_t)(c - line) < width || !blank)
			continue;
		*blank = '\n';
		line = blank + 1;
		blank = NULL;
	}
}

static void doctor_fill_detail(struct libscols_table *table, struct libscols_line *line, char *text)
{
	size_t width = scols_table_get_termwidth(table);

	if (isatty(STDOUT_FILENO) && width > 2 * DETAIL_START)
		doctor_wrap_words(text, width - DETAIL_START);
	output_cell(line, COL_DETAIL, text);
}

static void doctor_print_finding(struct libscols_table *table, const char *name,
				 struct finding *finding)
{
	struct libscols_line *line = output_line(table, NULL);
	char fix[sizeof(finding->fix) + 8];

	output_cell(line, COL_CHECK, name);
	output_cell(line, COL_STATUS, verdicts[finding->verdict].name);
	scols_cell_set_color(scols_line_get_cell(line, COL_STATUS),
			     verdicts[finding->verdict].colour);
	doctor_fill_detail(table, line, finding->detail);
	if (!finding->fix[0])
		return;
	line = output_line(table, NULL);
	snprintf(fix, sizeof(fix), "-> %s", finding->fix);
	scols_line_set_data(line, COL_CHECK, "");
	scols_line_set_data(line, COL_STATUS, "");
	doctor_fill_detail(table, line, fix);
}

static void doctor_print_findings(const struct ctl *ctl, struct finding *findings)
{
	struct libscols_column *detail;
	_cleanup_table_ struct libscols_table *table = NULL;

	table = output_table(ctl, columns, sizeof(columns) / sizeof(columns[0]));
	detail = scols_table_get_column(table, COL_DETAIL);
	scols_column_set_wrapfunc(detail, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	scols_column_set_safechars(detail, "\n");
	for (size_t i = 0; i < N_CHECKS; i++)
		doctor_print_finding(table, checks[i].name, &findings[i]);
	scols_print_table(table);
}

static void doctor_print_json(const struct ctl *ctl, const struct finding *findings)
{
	_cleanup_json_ json_object *all = json_object_new_array();

	for (size_t i = 0; i < N_CHECKS; i++) {
		json_object *one = json_object_new_object();
		const struct finding *f = &findings[i];

		json_object_object_add(one, "Check", json_object_new_string(checks[i].name));
		json_object_object_add(one, "Status",
				       json_object_new_string(verdicts[f->verdict].name));
		json_object_object_add(one, "Detail", json_object_new_string(f->detail));
		json_object_object_add(one, "Fix",
				       f->fix[0] ? json_object_new_string(f->fix) : NULL);
		json_object_array_add(all, one);
	}
	output_json(ctl, all);
}

int verb_doctor(struct ctl *ctl, int argc, char **argv)
{
	struct finding findings[N_CHECKS] = {};
	struct doctor doctor;
	int status = CTL_OK;

	doctor_begin(&doctor, ctl);
	for (size_t i = 0; i < N_CHECKS; i++) {
		checks[i].run(&doctor, &findings[i]);
		if (findings[i].verdict == VERDICT_FAIL)
			status = CTL_FAILURE;
	}
	doctor_end(&doctor);
	if (ctl->json != JSON_OFF)
		doctor_print_json(ctl, findings);
	else if (!ctl->quiet)
		doctor_print_findings(ctl, findings);
	return status;
}
