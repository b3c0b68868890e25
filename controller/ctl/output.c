/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/output.h"

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/base/parse.h"
#include "controller/ctl/api.h"
#include "controller/ctl/remote.h"

/* Quit when it fits one screen, keep colours, chop long lines, leave the text on the screen. */
#define PAGER_DEFAULT "less -FRSX"

static pid_t pager_pid;
/* Of the terminal behind the pager. */
static size_t paged_width;

size_t output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {};
	uint64_t width;

	if (paged_width > 0)
		return paged_width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return columns && parse_u64(columns, &width) == 0 && width < UINT16_MAX ? width : 0;
}

static const char *output_pager_command(void)
{
	const char *command = getenv("SYSTEMD_PAGER");

	if (!command)
		command = getenv("PAGER");
	return command ? command : PAGER_DEFAULT;
}

static void output_run_pager(int read_end, const char *command)
{
	dup2(read_end, STDIN_FILENO);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

void output_page(const struct ctl *ctl)
{
	const char *command = output_pager_command();
	int ends[2];

	if (!ctl->pager || !isatty(STDOUT_FILENO) || *command == '\0' ||
	    strcmp(command, "cat") == 0)
		return;
	output_colours(); /* looks at the terminal while there is one */
	paged_width = output_width();
	if (pipe(ends) < 0)
		return;
	fflush(stdout);
	pager_pid = fork();
	if (pager_pid == 0) {
		close(ends[1]);
		output_run_pager(ends[0], command);
	}
	if (pager_pid > 0)
		dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
}

void output_page_end(void)
{
	if (pager_pid <= 0)
		return;
	fclose(stdout);
	while (waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static bool output_colours_wanted(void)
{
	const char *systemd = getenv("SYSTEMD_COLORS"), *none = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (none && *none)
		return false;
	if (systemd && (strcmp(systemd, "0") == 0 || strcmp(systemd, "no") == 0))
		return false;
	return isatty(STDOUT_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

bool output_colours(void)
{
	static int wanted = -1; /* not looked yet */

	if (wanted < 0)
		wanted = output_colours_wanted();
	return wanted;
}

static const struct {
	const char *level, *colour;
} level_colours[] = {
	{ "medium", "yellow" },
	{ "high", "magenta" },
	{ "critical", "red" },
};

const char *output_level_colour(const char *level)
{
	for (size_t i = 0; i < sizeof(level_colours) / sizeof(level_colours[0]); i++)
		if (strcmp(level, level_colours[i].level) == 0)
			return level_colours[i].colour;
	return NULL;
}

static const struct {
	const char *colour, *sequence;
} sequences[] = {
	{ "red", "\033[31m" },
	{ "green", "\033[32m" },
	{ "yellow", "\033[33m" },
	{ "magenta", "\033[35m" },
};

const char *output_colour_begin(const char *colour)
{
	if (!colour || !output_colours())
		return "";
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (strcmp(colour, sequences[i].colour) == 0)
			return sequences[i].sequence;
	return "";
}

const char *output_colour_end(const char *colour)
{
	return *output_colour_begin(colour) ? "\033[0m" : "";
}

struct libscols_table *output_table(const struct ctl *ctl, const struct output_column *columns,
				    size_t n)
{
	struct libscols_table *table = scols_new_table();
	size_t width = ctl->full ? 0 : output_width();

	if (!table)
		err(CTL_FAILURE, "Cannot make a table");
	scols_table_enable_noheadings(table, !ctl->legend);
	scols_table_enable_colors(table, output_colours());
	if (width > 0)
		scols_table_set_termwidth(table, width);
	scols_table_set_termforce(table,
				  width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < n; i++) {
		int flags = columns[i].flags;

		if (width > 0 && width < columns[i].from_width)
			flags |= SCOLS_FL_HIDDEN;
		if (!scols_table_new_column(table, columns[i].name, 0, flags))
			err(CTL_FAILURE, "Cannot make a table");
	}
	return table;
}

void output_hide_column(struct libscols_table *table, size_t column)
{
	struct libscols_column *found = scols_table_get_column(table, column);

	scols_column_set_flags(found, scols_column_get_flags(found) | SCOLS_FL_HIDDEN);
}

struct libscols_line *output_line(struct libscols_table *table, struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(table, parent);

	if (!line)
		err(CTL_FAILURE, "Cannot make a table");
	return line;
}

void output_cell(struct libscols_line *line, size_t column, const char *text)
{
	if (scols_line_set_data(line, column, *text ? text : "-") < 0)
		err(CTL_FAILURE, "Cannot make a table");
}

char *output_bytes(uint64_t bytes, char *buf)
{
	return bytes == UINT64_MAX ? strcpy(buf, "-") : format_bytes(bytes, buf, 32);
}

char *output_usec(uint64_t usec, char *buf)
{
	return usec == UINT64_MAX ? strcpy(buf, "-") : format_usec(usec, buf, 32);
}

void output_cell_bytes(struct libscols_line *line, size_t column, uint64_t bytes)
{
	char buf[32];

	output_cell(line, column, output_bytes(bytes, buf));
}

void output_cell_usec(struct libscols_line *line, size_t column, uint64_t usec)
{
	char buf[32];

	output_cell(line, column, output_usec(usec, buf));
}

void output_cell_number(struct libscols_line *line, size_t column, uint64_t number)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRIu64, number);
	output_cell(line, column, number == UINT64_MAX ? "-" : buf);
}

void output_cell_level(struct libscols_line *line, size_t column, const char *level)
{
	const char *colour = output_level_colour(level);

	output_cell(line, column, level);
	if (colour)
		scols_cell_set_color(scols_line_get_cell(line, column), colour);
}

char *output_recovery(json_object *props, char *buf)
{
	const char *to = props_string(props, API_RECOVERING_TO);
	uint64_t until_usec = props_u64(props, API_RECOVERING_UNTIL), now_usec = ctl_now_usec();
	uint64_t left_usec = until_usec > now_usec ? until_usec - now_usec : 0;

	if (*to == '\0' || until_usec == UINT64_MAX)
		return NULL;
	/* Rounded up: it is not there before. */
	snprintf(buf, 64, "%s in %" PRIu64 "s", to, (left_usec + 999999) / 1000000);
	return buf;
}

void output_cell_level_of(struct libscols_line *line, size_t column, json_object *props)
{
	char recovery[64];

	if (output_recovery(props, recovery))
		output_cell(line, column, recovery);
	else
		output_cell_level(line, column, props_string(props, API_LEVEL));
}

void output_json(const struct ctl *ctl, json_object *value)
{
	int flags = ctl->json == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
					     : JSON_C_TO_STRING_PLAIN;

	puts(json_object_to_json_string_ext(value, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
}
