/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reliefctl: options, and which verb
 */

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "controller/base/closest.h"
#include "controller/base/log.h"
#include "controller/base/parse.h"
#include "controller/ctl/ctl.h"
#include "controller/ctl/output.h"
#include "policies/words.h"

/* The ladder's longest walk is three rungs of at most a minute each; nobody waits longer in vain.
 */
#define RELIEVE_TIMEOUT_USEC (4 * 60 * 1000000ULL)

static const struct verb {
	const char *name;
	const char *arguments;
	int max_arguments;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "status", "[UNIT|CGROUP]", 1, verb_status,
	  "Level, headroom, what was given back (default)" },
	{ "is-ok", "[UNIT|CGROUP]", 1, verb_is_ok, "Exit 0 when calm, 1 under pressure" },
	{ "list", "[WHAT]", 1, verb_list, "Groups as a tree, modules, or masked modules" },
	{ "show", "[OBJECT]", 1, verb_show, "All properties of reliefd, a group or a module" },
	{ "tasks", "", 0, verb_tasks, "Tasks by growth or size, with unit and pod" },
	{ "top", "", 0, verb_top, "Groups, or --tasks, as they grow; q quits" },
	{ "suggestions", "", 0, verb_suggestions, "What could be done by hand, the urgent first" },
	{ "metrics", "", 0, verb_metrics, "The state in the text format of Prometheus" },
	{ "monitor", "", 0, verb_monitor, "Level changes and actions as they happen" },
	{ "relieve", "[UNIT|CGROUP]", 1, verb_relieve, "Free --bytes= now, and say what came" },
	{ "register", "NAME", 1, verb_register,
	  "Make a command a module of --unit=, while this runs" },
	{ "mask", "UNIT [MODULE]", 2, verb_mask, "Keep modules of a unit out for good" },
	{ "unmask", "UNIT [MODULE]", 2, verb_unmask, "Let them register again" },
	{ "reload", "", 0, verb_reload, "Read the settings again" },
	{ "settings", "", 0, verb_settings, "Every setting in force, with file and line" },
	{ "dry-run", "[on|off]", 1, verb_dry_run, "Only say what would be done, or act" },
	{ "verify", "[FILE...]", INT32_MAX, verb_verify, "Check configuration files" },
	{ "cat-config", "[PROFILE]", 1, verb_cat_config, "Print the files that a load would read" },
	{ "doctor", "", 0, verb_doctor, "What this host lacks, each with its fix" },
	{ "simulate", "TRACE", 1, verb_simulate,
	  "Run a recorded trace or a story through the policies" },
	{ "help", "[VERB]", 1, verb_help, "This help, or a verb with its options" },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

enum {
	OPT_VERSION = 0x100,
	OPT_JSON,
	OPT_NO_LEGEND,
	OPT_NO_PAGER,
	OPT_NO_ASK_PASSWORD,
	OPT_ROOT,
	OPT_PROFILE,
	OPT_BYTES,
	OPT_MAX_RUNG,
	OPT_TIMEOUT,
	OPT_VALUE,
	OPT_SORT,
	OPT_TASKS,
	OPT_ONCE,
	OPT_EXEC,
	OPT_UNIT,
	OPT_KIND,
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "no-legend", no_argument, NULL, OPT_NO_LEGEND },
	{ "no-pager", no_argument, NULL, OPT_NO_PAGER },
	{ "quiet", no_argument, NULL, 'q' },
	{ "no-ask-password", no_argument, NULL, OPT_NO_ASK_PASSWORD },
	{ "property", required_argument, NULL, 'p' },
	{ "full", no_argument, NULL, 'l' },
	{ "value", no_argument, NULL, OPT_VALUE },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "lines", required_argument, NULL, 'n' },
	{ "tasks", no_argument, NULL, OPT_TASKS },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "bytes", required_argument, NULL, OPT_BYTES },
	{ "max-rung", required_argument, NULL, OPT_MAX_RUNG },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "exec", required_argument, NULL, OPT_EXEC },
	{ "unit", required_argument, NULL, OPT_UNIT },
	{ "kind", required_argument, NULL, OPT_KIND },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "root", required_argument, NULL, OPT_ROOT },
	{},
};

/* As --help shows them; verbs: those that take it, "" for all. */
static const struct {
	const char *option, *verbs, *text;
} option_lines[] = {
	{ "-h --help", "", "Show this help" },
	{ "   --version", "", "Show the version" },
	{ "   --json=MODE", "", "JSON instead of text: short, pretty or off" },
	{ "-j", "", "The same as --json=pretty on a terminal, else short" },
	{ "   --no-legend", "", "Tables without their heading" },
	{ "-l --full", "", "Whole names and all columns, however wide" },
	{ "   --no-pager", "", "Do not pipe into a pager" },
	{ "-q --quiet", "", "Only errors, and the exit status" },
	{ "   --no-ask-password", "", "Fail rather than ask for a password" },
	{ "-p --property=NAME", "show", "only this property; may be repeated" },
	{ "   --value", "show", "values without their names" },
	{ "   --sort=ORDER", "tasks, top", "by growth (default) or rss" },
	{ "-n --lines=N", "tasks, top", "at most N lines" },
	{ "   --tasks", "top", "tasks instead of groups" },
	{ "   --once", "top", "one round, as without a terminal" },
	{ "   --bytes=SIZE", "relieve, register", "how much (at most), as 256M" },
	{ "   --max-rung=RUNG", "relieve", "climb no further (warn, shed, unload, reclaim)" },
	{ "   --timeout=TIME", "relieve, register", "wait no longer for the answer" },
	{ "   --exec=COMMAND", "register", "what frees memory; it sees $RELIEF_BYTES" },
	{ "   --unit=UNIT", "register", "the unit or cgroup whose memory that is" },
	{ "   --kind=KIND", "register", "cache (default), model, pool, worker, other" },
	{ "   --profile=NAME", "simulate", "this profile, or a file with a / in its name" },
	{ "   --root=DIR", "status, verify, cat-config, doctor, simulate", "files below DIR" },
};

#define N_OPTION_LINES (sizeof(option_lines) / sizeof(option_lines[0]))

static void reliefctl_print_option(size_t i)
{
	printf("  %-23s%s%s%s\n", option_lines[i].option, option_lines[i].verbs,
	       *option_lines[i].verbs ? ": " : "", option_lines[i].text);
}

static void reliefctl_print_help(void)
{
	printf("reliefctl [OPTIONS...] [VERB]\n\n"
	       "Asks reliefd, the memory pressure controller, and tells it what to do.\n\n"
	       "Verbs:\n");
	for (size_t i = 0; i < N_VERBS; i++)
		printf("  %-11s %-16s  %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < N_OPTION_LINES; i++)
		reliefctl_print_option(i);
}

/* Whether the list of words ("tasks, top") has this one. */
static bool reliefctl_has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

static void reliefctl_print_help_of(const struct verb *verb)
{
	bool any = false;

	printf("reliefctl [OPTIONS...] %s %s\n\n%s.\n", verb->name, verb->arguments, verb->help);
	for (size_t i = 0; i < N_OPTION_LINES; i++) {
		if (!reliefctl_has_word(option_lines[i].verbs, verb->name))
			continue;
		printf(any ? "" : "\nIts options:\n");
		reliefctl_print_option(i);
		any = true;
	}
	printf("\nreliefctl --help has the options of all verbs, reliefctl(1) the details.\n");
}

int ctl_error(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "reliefctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	return CTL_FAILURE;
}

uint64_t ctl_now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Each parse_x() returns: 0, or -EINVAL after saying why. */

static int reliefctl_parse_json(struct ctl *ctl, const char *mode)
{
	if (strcmp(mode, "short") == 0)
		ctl->json = JSON_SHORT;
	else if (strcmp(mode, "pretty") == 0)
		ctl->json = JSON_PRETTY;
	else if (strcmp(mode, "off") == 0)
		ctl->json = JSON_OFF;
	else {
		ctl_error("--json=%s: use short, pretty or off", mode);
		return -EINVAL;
	}
	return 0;
}

static int reliefctl_parse_size_option(struct ctl *ctl, const char *text)
{
	if (parse_bytes(text, &ctl->bytes) == 0 && ctl->bytes > 0 && ctl->bytes < UINT64_MAX)
		return 0;
	ctl_error("--bytes=%s: use a size above 0, as 256M or 1.5G", text);
	return -EINVAL;
}

static int reliefctl_parse_rung(struct ctl *ctl, const char *text)
{
	enum rung rung;

	if (rung_from_name(text, &rung) == 0 && rung != RUNG_NONE) {
		ctl->max_rung = text;
		return 0;
	}
	ctl_error("--max-rung=%s: use warn, shed, unload or reclaim", text);
	return -EINVAL;
}

static int reliefctl_parse_sort(struct ctl *ctl, const char *order)
{
	if (strcmp(order, "growth") == 0)
		ctl->sort = SORT_GROWTH;
	else if (strcmp(order, "rss") == 0)
		ctl->sort = SORT_RSS;
	else {
		ctl_error("--sort=%s: use growth or rss", order);
		return -EINVAL;
	}
	return 0;
}

static int reliefctl_parse_lines(struct ctl *ctl, const char *text)
{
	uint64_t n;

	if (parse_u64(text, &n) == 0 && n > 0 && n <= CTL_MAX_LINES) {
		ctl->n_lines = (uint32_t)n;
		return 0;
	}
	ctl_error("--lines=%s: use a number from 1 to %d", text, CTL_MAX_LINES);
	return -EINVAL;
}

static int reliefctl_parse_kind(struct ctl *ctl, const char *text)
{
	enum module_kind kind;

	if (module_kind_from_name(text, &kind) == 0) {
		ctl->kind = text;
		return 0;
	}
	ctl_error("--kind=%s: use cache, model, pool, worker or other", text);
	return -EINVAL;
}

static int reliefctl_parse_timeout(struct ctl *ctl, const char *text)
{
	if (parse_usec(text, &ctl->timeout_usec) == 0 && ctl->timeout_usec > 0)
		return 0;
	ctl_error("--timeout=%s: use a time above 0, as 30s or 2min", text);
	return -EINVAL;
}

static int reliefctl_add_property(struct ctl *ctl, const char *name)
{
	if (ctl->n_properties < CTL_MAX_PROPERTIES) {
		ctl->properties[ctl->n_properties++] = name;
		return 0;
	}
	ctl_error("-p %s: more than %d properties; leave -p out to get all", name,
		  CTL_MAX_PROPERTIES);
	return -EINVAL;
}

static int reliefctl_parse_register_option(struct ctl *ctl, int option)
{
	if (option == OPT_KIND)
		return reliefctl_parse_kind(ctl, optarg);
	if (option == OPT_EXEC)
		ctl->command = optarg;
	else
		ctl->unit = optarg;
	return 0;
}

static int reliefctl_parse_option(struct ctl *ctl, int option)
{
	switch (option) {
	case OPT_JSON:
		return reliefctl_parse_json(ctl, optarg);
	case 'j':
		ctl->json = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
		return 0;
	case OPT_NO_LEGEND:
		ctl->legend = false;
		return 0;
	case OPT_NO_PAGER:
		ctl->pager = false;
		return 0;
	case 'q':
		ctl->quiet = true;
		return 0;
	case OPT_NO_ASK_PASSWORD:
		ctl->ask_password = false;
		return 0;
	case 'p':
		return reliefctl_add_property(ctl, optarg);
	case 'l':
		ctl->full = true;
		return 0;
	case OPT_VALUE:
		ctl->value = true;
		return 0;
	case OPT_SORT:
		return reliefctl_parse_sort(ctl, optarg);
	case 'n':
		return reliefctl_parse_lines(ctl, optarg);
	case OPT_TASKS:
		ctl->tasks = true;
		return 0;
	case OPT_ONCE:
		ctl->once = true;
		return 0;
	case OPT_BYTES:
		return reliefctl_parse_size_option(ctl, optarg);
	case OPT_MAX_RUNG:
		return reliefctl_parse_rung(ctl, optarg);
	case OPT_TIMEOUT:
		return reliefctl_parse_timeout(ctl, optarg);
	case OPT_EXEC:
	case OPT_UNIT:
	case OPT_KIND:
		return reliefctl_parse_register_option(ctl, option);
	case OPT_PROFILE:
		ctl->profile = optarg;
		return 0;
	case OPT_ROOT:
		ctl->root = optarg;
		return 0;
	default:
		return -EINVAL; /* getopt has said why */
	}
}

/* Returns: 1 go on; 0 all is said; -EINVAL bad usage, explained on stderr. */
static int reliefctl_parse_options(struct ctl *ctl, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "hjlqp:n:", options, NULL)) >= 0) {
		if (c == 'h') {
			reliefctl_print_help();
			return 0;
		}
		if (c == OPT_VERSION) {
			printf("reliefctl %s\n", RELIEFD_VERSION);
			return 0;
		}
		if (reliefctl_parse_option(ctl, c) < 0)
			return -EINVAL;
	}
	return 1;
}

static const struct verb *reliefctl_find_verb(const char *name)
{
	struct closest closest;

	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	closest_init(&closest, name);
	for (size_t i = 0; i < N_VERBS; i++)
		closest_offer(&closest, verbs[i].name);
	if (closest.name)
		ctl_error("There is no verb %s; did you mean %s?", name, closest.name);
	else
		ctl_error("There is no verb %s; see reliefctl --help", name);
	return NULL;
}

int verb_help(struct ctl *ctl, int argc, char **argv)
{
	const struct verb *verb = argc > 0 ? reliefctl_find_verb(argv[0]) : NULL;

	if (argc > 0 && !verb)
		return CTL_USAGE;
	if (verb)
		reliefctl_print_help_of(verb);
	else
		reliefctl_print_help();
	return CTL_OK;
}

static const char *running_verb = "";

const char *ctl_verb_name(void)
{
	return running_verb;
}

static int reliefctl_run_verb(struct ctl *ctl, int argc, char **argv)
{
	const struct verb *verb = reliefctl_find_verb(argc > 0 ? argv[0] : "status");
	int n = argc > 0 ? argc - 1 : 0, status;

	if (!verb)
		return CTL_USAGE;
	if (n > verb->max_arguments) {
		ctl_error("%s: unexpected argument %s; it takes %s", verb->name,
			  argv[1 + verb->max_arguments],
			  *verb->arguments ? verb->arguments : "none");
		return CTL_USAGE;
	}
	running_verb = verb->name;
	status = verb->run(ctl, n, argv + 1);
	if (fflush(stdout) != 0 && errno != EPIPE)
		return ctl_error("Cannot write: %s", strerror(errno));
	output_page_end();
	return status;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {
		.legend = true,
		.pager = true,
		.ask_password = true,
		.kind = "cache",
		.timeout_usec = RELIEVE_TIMEOUT_USEC,
	};
	int r;

	log_set_plain();
	r = reliefctl_parse_options(&ctl, argc, argv);
	if (r <= 0)
		return r < 0 ? CTL_USAGE : CTL_OK;
	return reliefctl_run_verb(&ctl, argc - optind, argv + optind);
}
