/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reliefd: options, the process, and the daemon in it
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "controller/act/brakes.h"
#include "controller/act/privileges.h"
#include "controller/base/log.h"
#include "controller/client/include/relief/message.h"
#include "controller/daemon/daemon.h"
#include "controller/groups/cgroup_tree.h"

/* What the loop, the groups and the files that stay open take; the rest can wait. */
#define LEAST_DESCRIPTORS 24U
/* 64 of its own, and one for each client; as many again to be on the safe side. */
#define WANTED_DESCRIPTORS 2048U

/* StateDirectory= of the unit */
#define STATE_DIRECTORY "/var/lib/reliefd"

enum {
	OPT_VERSION = 0x100,
	OPT_PROFILE,
	OPT_ROOT,
	OPT_PROC,
	OPT_SYS,
	OPT_CGROUP_ROOT,
	OPT_SOCKET,
	OPT_STATE,
	OPT_RECORD,
	OPT_DRY_RUN,
	OPT_LOG_LEVEL,
	OPT_LET_GO,
};

static void main_print_help(void)
{
	printf("reliefd [OPTIONS...]\n\n"
	       "Gets memory back from the services that can spare it, before anything is "
	       "killed.\n\n"
	       "  -h --help              Show this help\n"
	       "     --version           Show the version\n"
	       "     --profile=NAME      Use this profile instead of the one in reliefd.conf\n"
	       "     --dry-run           Decide and say, but do nothing\n"
	       "     --let-go            Undo what a reliefd that died was holding still, and "
	       "exit\n"
	       "     --record=FILE       Write every observation and decision to FILE, without a\n"
	       "                         bound (Record=yes in reliefd.conf has one)\n"
	       "     --log-level=LEVEL   err, warning, info or debug, whatever LogLevel= says\n"
	       "     --socket=PATH       Channel socket (default " RELIEF_SOCKET_PATH ")\n"
	       "                         and, beside it, what the next reliefd takes over\n"
	       "     --state=DIR         Keep there what outlives a reboot "
	       "(default " STATE_DIRECTORY ")\n"
	       "     --root=DIR          Read the configuration below DIR\n"
	       "     --proc=DIR          Read DIR in place of /proc\n"
	       "     --sys=DIR           Read DIR in place of /sys\n"
	       "     --cgroup-root=DIR   The cgroup v2 tree, if not found by mountinfo\n");
}

static const struct option main_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "let-go", no_argument, NULL, OPT_LET_GO },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "proc", required_argument, NULL, OPT_PROC },
	{ "sys", required_argument, NULL, OPT_SYS },
	{ "cgroup-root", required_argument, NULL, OPT_CGROUP_ROOT },
	{},
};

static int main_parse_log_level(const char *text)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "err", LOG_ERR },
		{ "warning", LOG_WARNING },
		{ "info", LOG_INFO },
		{ "debug", LOG_DEBUG },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(text, levels[i].name) == 0)
			return levels[i].level;
	return -EINVAL;
}

static int main_set_log_level(struct daemon_config *config, const char *text)
{
	int level = main_parse_log_level(text);

	if (level < 0) {
		fprintf(stderr, "reliefd: --log-level=%s: use err, warning, info or debug\n", text);
		return level;
	}
	config->log_level = level;
	log_set_max_level(level);
	return 0;
}

/* Returns: 1 go on; 0 all is said; negative errno bad usage, explained on stderr. */
static int main_parse_options(int argc, char **argv, struct daemon_config *config, bool *ret_let_go)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", main_options, NULL)) >= 0)
		switch (c) {
		case 'h':
			main_print_help();
			return 0;
		case OPT_VERSION:
			printf("reliefd %s\n", RELIEFD_VERSION);
			return 0;
		case OPT_PROFILE:
			config->profile = optarg;
			break;
		case OPT_DRY_RUN:
			config->dry_run = true;
			break;
		case OPT_LET_GO:
			*ret_let_go = true;
			break;
		case OPT_RECORD:
			config->record = optarg;
			break;
		case OPT_LOG_LEVEL:
			if (main_set_log_level(config, optarg) < 0)
				return -EINVAL;
			break;
		case OPT_SOCKET:
			config->socket = optarg;
			break;
		case OPT_STATE:
			config->state = optarg;
			break;
		case OPT_ROOT:
			config->config_root = optarg;
			break;
		case OPT_PROC:
			config->proc = optarg;
			break;
		case OPT_SYS:
			config->sys = optarg;
			break;
		case OPT_CGROUP_ROOT:
			config->cgroup_root = optarg;
			break;
		default:
			return -EINVAL; /* getopt has said why */
		}
	if (optind < argc) {
		fprintf(stderr, "reliefd: unexpected argument %s; see --help\n", argv[optind]);
		return -EINVAL;
	}
	return 1;
}

static int main_on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	daemon_reload(data);
	return 0;
}

static int main_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int main_handle_signals(sd_event *event, struct daemon *daemon)
{
	int r;

	/* No handler: sd-event leaves the loop with the data as exit code, 0. */
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r < 0)
		return r;
	r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return r;
	return sd_event_add_signal(event, NULL, SIGHUP, main_on_hangup, daemon);
}

static int main_listening_socket(void)
{
	int n = sd_listen_fds(true);

	if (n > 1)
		log_warning("systemd passed %d sockets; the first one is used", n);
	return n > 0 ? SD_LISTEN_FDS_START : -1;
}

static int main_run(const struct daemon_config *config)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	_cleanup_(daemon_free_cleanup) struct daemon *daemon = NULL;
	int r;

	r = main_block_signals();
	if (r < 0)
		return log_errno(r, "Cannot block signals");
	r = sd_event_default(&event);
	if (r < 0)
		return log_errno(r, "Cannot create the event loop");
	r = daemon_new(&daemon, event, config);
	if (r < 0)
		return r;
	r = main_handle_signals(event, daemon);
	if (r < 0)
		return log_errno(r, "Cannot handle signals");
	r = sd_event_set_watchdog(event, true);
	if (r < 0)
		return log_errno(r, "Cannot feed the watchdog");
	sd_notify(false, "READY=1");
	r = sd_event_loop(event);
	sd_notify(false, "STOPPING=1");
	return r;
}

/*
 * A soft limit is there for programs that use select(), which reliefd does not: the hard one is
 * what the administrator means.
 */
static void main_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max < WANTED_DESCRIPTORS)
		log_warning("LimitNOFILE= allows %llu descriptors, reliefd may use %u: clients may "
			    "be refused",
			    (unsigned long long)limit.rlim_max, WANTED_DESCRIPTORS);
	limit.rlim_cur = limit.rlim_max < WANTED_DESCRIPTORS ? limit.rlim_max : WANTED_DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_errno(-errno, "The limit of descriptors is not raised");
}

/* What was logged names what could not be had; this is how to get it. */
static void main_log_fix(int error)
{
	switch (error) {
	case -EMFILE:
		log_error("reliefd needs %u descriptors to start: raise LimitNOFILE= of its unit",
			  LEAST_DESCRIPTORS);
		break;
	case -ENFILE:
		log_error("The host has no descriptor left: raise fs.file-max");
		break;
	case -ENOMEM:
		log_error("There is no memory to start with: raise MemoryMax= or LimitAS= of "
			  "reliefd, or free some");
		break;
	case -ENOSPC:
		log_error("The kernel has no room for another watched descriptor: raise "
			  "fs.epoll.max_user_watches");
		break;
	}
}

/* A page that must be read back from disk under pressure comes too late. */
static void main_lock_memory(void)
{
	struct rlimit limit;

	/* Below a limit MCL_FUTURE counts what is only reserved, and lets later mappings fail. */
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY) {
		log_warning("Memory is not locked (LimitMEMLOCK=infinity allows it)");
		return;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_errno(-errno, "Memory is not locked");
}

/* Memory is locked only now: loading the probes takes megabytes for a moment. */
static int main_confine(void)
{
	int r;

	main_lock_memory();
	r = privileges_keep();
	if (r < 0)
		log_errno(r, "Privileges are not reduced");
	return 0;
}

/* Returns: 0, or -ENAMETOOLONG, which is logged. */
static int main_join_path(const char *directory, int length, const char *name,
			  char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%.*s/%s", length, directory, name);

	if (n >= 0 && n < PATH_MAX)
		return 0;
	return log_errno(-ENAMETOOLONG, "Cannot use %.*s", length, directory);
}

/*
 * What ends with the boot is beside the socket, so that two daemons do not let go of each other's
 * groups.
 */
static int main_find_files(struct daemon_config *config)
{
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	static char held[PATH_MAX], agents[PATH_MAX], masks[PATH_MAX];
	const char *slash = strrchr(config->socket, '/');
	const char *directory = slash ? config->socket : ".";
	int length = slash ? (int)(slash - config->socket) : 1;

	if (strlen(config->socket) > most)
		return log_errno(-ENAMETOOLONG, "Cannot use --socket=%s, the most is %zu bytes",
				 config->socket, most);
	if (main_join_path(directory, length, "held", held) < 0 ||
	    main_join_path(directory, length, "agents", agents) < 0 ||
	    main_join_path(config->state, (int)strlen(config->state), "masks", masks) < 0)
		return -ENAMETOOLONG;
	config->held = held;
	config->agents = agents;
	config->masks = masks;
	return 0;
}

/* After a crash, and by hand: no daemon is needed to let go of what one held. */
static int main_let_go(const struct daemon_config *config)
{
	_cleanup_(cgroup_tree_done) struct cgroup_tree tree = {};
	int r;

	r = cgroup_tree_init(&tree, config->proc, config->cgroup_root);
	if (r < 0)
		return log_errno(r, "Cannot find the cgroup tree");
	if (!tree.mount) /* then nothing was ever held */
		return 0;
	r = brakes_let_go_of_old(config->held, tree.mount);
	return r < 0 ? log_errno(r, "Cannot let go of what %s names", config->held) : 0;
}

int main(int argc, char **argv)
{
	struct daemon_config config = {
		.socket = RELIEF_SOCKET_PATH,
		.state = STATE_DIRECTORY,
		.socket_fd = -1,
		.log_level = -1,
		.confine = main_confine,
	};
	bool only_let_go = false;
	int r;

	r = main_parse_options(argc, argv, &config, &only_let_go);
	if (r <= 0)
		return r < 0 ? 2 : EXIT_SUCCESS;
	r = main_find_files(&config);
	if (r < 0)
		return EXIT_FAILURE;
	if (only_let_go)
		return main_let_go(&config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	/* Without systemd nothing else makes it; where this fails, what is to be kept there says
	 * so. */
	mkdir(config.state, 0700);
	config.socket_fd = main_listening_socket();

	/* One huge page under the block of mostly untouched slots would double what we take. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		log_errno(-errno, "Huge pages are not switched off");
	main_raise_descriptors();
	r = main_run(&config);
	main_log_fix(r);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
