/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A service with a model that it loads when it needs it, in a loop of its own by ppoll()
 *
 *	work ──▶ relief_module_use() ── loaded? ── yes ──▶ run the model
 *	                                   │ no               ▲
 *	                                   └──▶ example_model_on_load() ────┘
 *	reliefd: "unload" ──▶ example_model_on_unload(): munmap()
 *
 * The weights come from --file, or are made up. They live in an anonymous mapping, as weights that
 * were read and converted do; munmap() gives them to the kernel at once, hence .no_trim.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <relief/relief.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "controller/client/examples/arguments.h"

struct options {
	const char *name;
	const char *file;
	uint64_t size_bytes; /* without a file */
	uint64_t interval_msec;
	uint64_t n_uses; /* then it is idle; 0: for ever */
	uint64_t idle_limit_msec;
	bool keep;
};

struct model {
	struct options options;
	struct relief *relief;
	struct relief_module *module;
	unsigned char *weights; /* NULL: not loaded */
	size_t size_bytes;
	uint64_t n_uses;
};

static volatile sig_atomic_t stopped;

static void example_model_on_signal(int number)
{
	stopped = 1;
}

static uint64_t example_model_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int example_model_weights_read(struct model *model, int fd)
{
	size_t at = 0;

	while (at < model->size_bytes) {
		ssize_t n = read(fd, model->weights + at, model->size_bytes - at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* shorter than it was */
		at += (size_t)n;
	}
	return 0;
}

static void example_model_weights_make_up(struct model *model)
{
	uint64_t value = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i + 8 <= model->size_bytes; i += 8) {
		value ^= value << 13;
		value ^= value >> 7;
		value ^= value << 17;
		memcpy(model->weights + i, &value, 8);
	}
}

static int example_model_allocate(struct model *model, size_t size_bytes)
{
	void *memory =
		mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	model->weights = memory;
	model->size_bytes = size_bytes;
	return 0;
}

static void example_model_release(struct model *model)
{
	if (model->weights)
		munmap(model->weights, model->size_bytes);
	model->weights = NULL;
}

static int example_model_load_file(struct model *model)
{
	struct stat stat;
	int fd, r;

	fd = open(model->options.file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0)
		r = -errno;
	else
		r = stat.st_size > 0 ? example_model_allocate(model, (size_t)stat.st_size)
				     : -ENODATA;
	if (r == 0) {
		r = example_model_weights_read(model, fd);
		if (r < 0)
			example_model_release(model);
	}
	close(fd);
	return r;
}

static uint32_t example_model_run(const struct model *model)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < model->size_bytes; i += 4096)
		sum += model->weights[i];
	return sum;
}

/* ---- reliefd -------------------------------------------------------------------------------- */

static int64_t example_model_on_load(struct relief_module *module, void *userdata)
{
	struct model *model = userdata;
	uint64_t started_usec = example_model_now_usec(), took_usec;
	int r;

	if (model->options.file) {
		r = example_model_load_file(model);
	} else {
		r = example_model_allocate(model, model->options.size_bytes);
		if (r == 0)
			example_model_weights_make_up(model);
	}
	if (r < 0)
		return r;
	took_usec = example_model_now_usec() - started_usec;
	printf("%s: loaded %zu bytes ms %" PRIu64 ".%03" PRIu64 "\n", model->options.name,
	       model->size_bytes, took_usec / 1000, took_usec % 1000);
	return (int64_t)model->size_bytes;
}

static int64_t example_model_on_unload(struct relief_module *module, struct relief_request *request,
				       void *userdata)
{
	struct model *model = userdata;
	uint64_t asked_usec = example_model_now_usec(), took_usec;

	example_model_release(model);
	took_usec = example_model_now_usec() - asked_usec;
	printf("%s: request %" PRIu64 " level %d (%s): unloaded, freed %zu ms %" PRIu64
	       ".%03" PRIu64 "\n",
	       model->options.name, relief_request_id(request), (int)relief_request_level(request),
	       relief_request_reason(request), model->size_bytes, took_usec / 1000,
	       took_usec % 1000);
	return (int64_t)model->size_bytes;
}

static void example_model_on_error(struct relief *relief, struct relief_module *module, int error,
				   const char *text, void *userdata)
{
	fprintf(stderr, "%s: %s (%s)\n", module ? relief_module_name(module) : "reliefd", text,
		strerror(-error));
}

static int example_model_register(struct model *model)
{
	const struct relief_module_options options = {
		.size = sizeof(options),
		.kind = RELIEF_KIND_MODEL,
		.keep = model->options.keep,
		.unloaded = true,
		.no_trim = true,
		.idle_limit_usec = model->options.idle_limit_msec * 1000,
	};
	const struct relief_module_ops ops = {
		.size = sizeof(ops),
		.unload = example_model_on_unload,
		.load = example_model_on_load,
	};
	int r;

	r = relief_new(&model->relief);
	if (r < 0)
		return r;
	relief_set_error_handler(model->relief, example_model_on_error, model);
	return relief_module_register(model->relief, &model->module, model->options.name, &options,
				      &ops, model);
}

/* ---- the service ---------------------------------------------------------------------------- */

static bool example_model_is_idle(const struct model *model)
{
	return model->options.n_uses > 0 && model->n_uses >= model->options.n_uses;
}

static int example_model_work(struct model *model)
{
	int r = relief_module_use(model->module);

	if (r < 0) {
		fprintf(stderr, "%s: load: %s\n", model->options.name, strerror(-r));
		return r;
	}
	model->n_uses++;
	printf("%s: use %" PRIu64 " result %" PRIu32 "\n", model->options.name, model->n_uses,
	       example_model_run(model));
	return 0;
}

/* Waits for reliefd or a signal, at most until then. */
static void example_model_wait(struct model *model, uint64_t until_usec)
{
	struct pollfd ready = { .fd = relief_fd(model->relief), .events = POLLIN };
	uint64_t now = example_model_now_usec(),
		 wait_usec = until_usec > now ? until_usec - now : 0;
	const struct timespec timeout = { (time_t)(wait_usec / 1000000),
					  (long)(wait_usec % 1000000 * 1000) };
	sigset_t none;

	/* Signals are blocked but here, so that none falls between the look at `stopped` and this.
	 */
	sigemptyset(&none);
	if (ppoll(&ready, 1, example_model_is_idle(model) ? NULL : &timeout, &none) > 0)
		relief_dispatch(model->relief);
}

static int example_model_loop(struct model *model)
{
	uint64_t next_usec = example_model_now_usec();

	while (!stopped) {
		if (!example_model_is_idle(model) && example_model_now_usec() >= next_usec) {
			int r = example_model_work(model);

			if (r < 0)
				return r;
			next_usec = example_model_now_usec() + model->options.interval_msec * 1000;
		}
		example_model_wait(model, next_usec);
	}
	return 0;
}

static void example_model_catch_signals(void)
{
	const struct sigaction action = { .sa_handler = example_model_on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void example_model_usage(void)
{
	printf("example-model [OPTIONS]\n"
	       "\n"
	       "A model that is loaded when it is used, and unloaded when reliefd asks for it.\n"
	       "\n"
	       "  --name=NAME        name of the module (model)\n"
	       "  --size=BYTES       size of made-up weights (100M)\n"
	       "  --file=PATH        read the weights from a file instead\n"
	       "  --interval=MS      use it this often (1000)\n"
	       "  --uses=N           use it N times, then be idle; 0: for ever (0)\n"
	       "  --idle-limit=MS    idle this long before unload; 0: reliefd's choice (0)\n"
	       "  --keep             spare it below level high\n");
}

static void example_model_parse_arguments(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "file", required_argument, NULL, 'f' },
		{ "interval", required_argument, NULL, 'i' },
		{ "uses", required_argument, NULL, 'u' },
		{ "idle-limit", required_argument, NULL, 'l' },
		{ "keep", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'n':
			options->name = optarg;
			break;
		case 's':
			options->size_bytes = argument_number("size", optarg, 4096, 1ULL << 40);
			break;
		case 'f':
			options->file = optarg;
			break;
		case 'i':
			options->interval_msec = argument_number("interval", optarg, 1, 3600000);
			break;
		case 'u':
			options->n_uses = argument_number("uses", optarg, 0, UINT64_MAX);
			break;
		case 'l':
			options->idle_limit_msec =
				argument_number("idle-limit", optarg, 0, 86400000);
			break;
		case 'k':
			options->keep = true;
			break;
		case 'h':
			example_model_usage();
			exit(0);
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct model model = {
		.options = { .name = "model", .size_bytes = 100 << 20, .interval_msec = 1000 },
	};
	int r;

	example_model_parse_arguments(&model.options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	example_model_catch_signals();
	r = example_model_register(&model);
	if (r >= 0) {
		printf("%s: ready\n", model.options.name);
		sd_notify(0, "READY=1");
		r = example_model_loop(&model);
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", model.options.name, strerror(-r));
	relief_free(model.relief);
	example_model_release(&model);
	return r < 0 ? 1 : 0;
}
