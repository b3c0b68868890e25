/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A service with an LRU cache that gives back what reliefd asks for
 *
 *	  hot ◀─────────────────────────────▶ cold
 *	  head ⇄ entry ⇄ entry ⇄ entry ⇄ tail
 *	   ▲                               │
 *	   └── get: hit moves here         └── shed: frees from here, `bytes` of them
 *
 * It serves gets in a loop (most go to a tenth of the keys), touches its module with each, and
 * fills the cache on a miss, but only while the level is low: what was given back is not taken
 *again while others are short. Entries are plain malloc()ed memory with random content, so that
 *neither zram nor the kernel's zero page makes them cheaper than they look.
 *
 * With --register-first it registers empty and fills itself from its loop, as a service does that
 * starts before its data is there. The options after "misbehave:" turn it into the bad actors of
 *the tests.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <relief/relief-sd-event.h>
#include <relief/relief.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "controller/client/examples/arguments.h"

/* sd-event would gather timers within 250 ms. */
#define TIMER_ACCURACY_USEC 1000

#define ENTRY_BYTES 16384 /* below malloc's mmap threshold: from the heap, as small objects are */

struct options {
	const char *name;
	uint64_t size_bytes;
	uint64_t gets_per_second; /* 0: idle */
	uint64_t reply_delay_msec;
	uint64_t chunk_bytes; /* filled a turn, after registering; 0: all of it before */
	uint64_t pause_msec;  /* between two turns */
	uint64_t block_bytes; /* gives back in blocks of so much */
	bool keep, lie, silent, die_on_request;
};

struct entry {
	TAILQ_ENTRY(entry) by_use;
	uint32_t key;
	unsigned char data[ENTRY_BYTES - 64];
};

struct cache {
	struct options options;
	struct relief *relief;
	struct relief_module *module;
	sd_event *event;
	TAILQ_HEAD(entries, entry) by_use; /* hottest first */
	struct entry **by_key;		   /* NULL: not cached */
	uint32_t n_keys, n_entries;
	uint32_t next_key; /* to be filled by --register-first */
	uint64_t n_hits, n_misses;
	uint64_t seed;
};

/* A request that is answered later, for --reply-delay. */
struct delayed {
	struct cache *cache;
	struct relief_request *request;
	uint64_t asked_usec;
};

static uint64_t example_cache_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t example_cache_random_next(uint64_t *seed) /* xorshift64 */
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* ---- the cache ------------------------------------------------------------------------------ */

static uint64_t example_cache_bytes(const struct cache *cache)
{
	return (uint64_t)cache->n_entries * ENTRY_BYTES;
}

static void example_cache_fill(struct cache *cache, uint32_t key)
{
	struct entry *entry = malloc(ENTRY_BYTES);

	if (!entry)
		return;
	entry->key = key;
	for (size_t i = 0; i + 8 <= sizeof(entry->data); i += 8) {
		uint64_t value = example_cache_random_next(&cache->seed);

		memcpy(entry->data + i, &value, 8);
	}
	TAILQ_INSERT_HEAD(&cache->by_use, entry, by_use);
	cache->by_key[key] = entry;
	cache->n_entries++;
}

static void example_cache_drop_coldest(struct cache *cache)
{
	struct entry *entry = TAILQ_LAST(&cache->by_use, entries);

	TAILQ_REMOVE(&cache->by_use, entry, by_use);
	cache->by_key[entry->key] = NULL;
	cache->n_entries--;
	free(entry);
}

/* Returns: bytes freed. */
static uint64_t example_cache_shed(struct cache *cache, uint64_t bytes)
{
	uint64_t before = example_cache_bytes(cache), block_bytes = cache->options.block_bytes;

	if (block_bytes > 0)
		bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes;
	while (cache->n_entries > 0 && before - example_cache_bytes(cache) < bytes)
		example_cache_drop_coldest(cache);
	relief_module_set_size(cache->module, example_cache_bytes(cache));
	return before - example_cache_bytes(cache);
}

static void example_cache_get(struct cache *cache)
{
	uint64_t random = example_cache_random_next(&cache->seed);
	uint32_t hot_keys = cache->n_keys / 10 + 1;
	uint32_t key = (uint32_t)(random >> 8) % (random % 10 < 9 ? hot_keys : cache->n_keys);
	struct entry *entry = cache->by_key[key];

	relief_module_touch(cache->module);
	if (entry) {
		cache->n_hits++;
		TAILQ_REMOVE(&cache->by_use, entry, by_use);
		TAILQ_INSERT_HEAD(&cache->by_use, entry, by_use);
		return;
	}
	cache->n_misses++;
	if (relief_level(cache->relief) == RELIEF_LEVEL_LOW) {
		example_cache_fill(cache, key);
		relief_module_set_size(cache->module, example_cache_bytes(cache));
	}
}

/* ---- reliefd asks --------------------------------------------------------------------------- */

static void example_cache_print_answer(const struct cache *cache,
				       const struct relief_request *request, uint64_t freed_bytes,
				       uint64_t asked_usec)
{
	uint64_t took_usec = example_cache_now_usec() - asked_usec;

	printf("%s: request %" PRIu64 " level %d (%s): asked %" PRIu64 " freed %" PRIu64
	       " left %" PRIu64 " ms %" PRIu64 ".%03" PRIu64 "\n",
	       cache->options.name, relief_request_id(request), (int)relief_request_level(request),
	       relief_request_reason(request), relief_request_bytes(request), freed_bytes,
	       example_cache_bytes(cache), took_usec / 1000, took_usec % 1000);
}

static int example_cache_on_reply_delay_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct delayed *delayed = userdata;
	uint64_t freed = example_cache_shed(delayed->cache, relief_request_bytes(delayed->request));

	example_cache_print_answer(delayed->cache, delayed->request, freed, delayed->asked_usec);
	relief_request_done(delayed->request, (int64_t)freed);
	free(delayed);
	return 0;
}

static int64_t example_cache_shed_later(struct cache *cache, struct relief_request *request)
{
	struct delayed *delayed = malloc(sizeof(*delayed));
	int r;

	if (!delayed)
		return -ENOMEM;
	*delayed = (struct delayed){ cache, request, example_cache_now_usec() };
	r = sd_event_add_time_relative(cache->event, NULL, CLOCK_MONOTONIC,
				       cache->options.reply_delay_msec * 1000, TIMER_ACCURACY_USEC,
				       example_cache_on_reply_delay_over, delayed);
	if (r < 0) {
		free(delayed);
		return r;
	}
	return RELIEF_ANSWER_LATER;
}

static int64_t example_cache_on_shed(struct relief_module *module, uint64_t bytes,
				     uint32_t ratio_bp, struct relief_request *request,
				     void *userdata)
{
	struct cache *cache = userdata;
	uint64_t asked_usec = example_cache_now_usec(), freed;

	if (cache->options.die_on_request) {
		printf("%s: request %" PRIu64 ": dies\n", cache->options.name,
		       relief_request_id(request));
		raise(SIGKILL);
	}
	if (cache->options.silent) {
		printf("%s: request %" PRIu64 ": stays silent\n", cache->options.name,
		       relief_request_id(request));
		return RELIEF_ANSWER_LATER;
	}
	if (cache->options.reply_delay_msec > 0)
		return example_cache_shed_later(cache, request);
	freed = cache->options.lie ? bytes : example_cache_shed(cache, bytes);
	example_cache_print_answer(cache, request, freed, asked_usec);
	return (int64_t)freed;
}

static void example_cache_on_level(struct relief *relief, enum relief_level level, void *userdata)
{
	const struct cache *cache = userdata;

	printf("%s: level %d\n", cache->options.name, (int)level);
}

static void example_cache_on_error(struct relief *relief, struct relief_module *module, int error,
				   const char *text, void *userdata)
{
	fprintf(stderr, "%s: %s (%s)\n", module ? relief_module_name(module) : "reliefd", text,
		strerror(-error));
}

/* ---- the service ---------------------------------------------------------------------------- */

static int example_cache_on_work(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cache *cache = userdata;
	uint64_t interval_usec = 1000000 / cache->options.gets_per_second;

	example_cache_get(cache);
	sd_event_source_set_time_relative(source, interval_usec);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void example_cache_ready(const struct cache *cache)
{
	printf("%s: ready, %" PRIu64 " bytes\n", cache->options.name, example_cache_bytes(cache));
	sd_notify(0, "READY=1");
}

/* One turn of --register-first; its size goes to reliefd when the loop has its turn. */
static int example_cache_on_fill(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct cache *cache = userdata;
	uint64_t filled_bytes = 0;

	for (; cache->next_key < cache->n_keys && filled_bytes < cache->options.chunk_bytes;
	     filled_bytes += ENTRY_BYTES)
		if (!cache->by_key[cache->next_key++])
			example_cache_fill(cache, cache->next_key - 1);
	relief_module_set_size(cache->module, example_cache_bytes(cache));
	if (cache->next_key == cache->n_keys) {
		example_cache_ready(cache);
		return 0;
	}
	sd_event_source_set_time_relative(source, cache->options.pause_msec * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int example_cache_register(struct cache *cache)
{
	const struct relief_module_options options = {
		.size = sizeof(options),
		.kind = RELIEF_KIND_CACHE,
		.keep = cache->options.keep,
		.bytes = example_cache_bytes(cache),
	};
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = example_cache_on_shed };
	int r;

	r = relief_new(&cache->relief);
	if (r < 0)
		return r;
	relief_set_level_handler(cache->relief, example_cache_on_level, cache);
	relief_set_error_handler(cache->relief, example_cache_on_error, cache);
	r = relief_module_register(cache->relief, &cache->module, cache->options.name, &options,
				   &ops, cache);
	if (r < 0)
		return r;
	return relief_attach_sd_event(cache->relief, cache->event, SD_EVENT_PRIORITY_IMPORTANT);
}

static int example_cache_run(struct cache *cache)
{
	int r;

	cache->n_keys = (uint32_t)(cache->options.size_bytes / ENTRY_BYTES);
	cache->by_key = calloc(cache->n_keys, sizeof(*cache->by_key));
	if (!cache->by_key)
		return -ENOMEM;
	for (uint32_t key = 0; key < cache->n_keys && cache->options.chunk_bytes == 0; key++)
		example_cache_fill(cache, key);

	r = sd_event_default(&cache->event);
	if (r < 0)
		return r;
	sd_event_add_signal(cache->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	sd_event_add_signal(cache->event, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	r = example_cache_register(cache);
	if (r < 0)
		return r;
	if (cache->options.gets_per_second > 0) {
		r = sd_event_add_time_relative(cache->event, NULL, CLOCK_MONOTONIC, 0,
					       TIMER_ACCURACY_USEC, example_cache_on_work, cache);
		if (r < 0)
			return r;
	}
	if (cache->options.chunk_bytes == 0) {
		example_cache_ready(cache);
	} else {
		r = sd_event_add_time_relative(cache->event, NULL, CLOCK_MONOTONIC, 0,
					       TIMER_ACCURACY_USEC, example_cache_on_fill, cache);
		if (r < 0)
			return r;
	}
	return sd_event_loop(cache->event);
}

static void example_cache_done(struct cache *cache)
{
	printf("%s: end, hits %" PRIu64 " misses %" PRIu64 " left %" PRIu64 "\n",
	       cache->options.name, cache->n_hits, cache->n_misses, example_cache_bytes(cache));
	relief_free(cache->relief);
	sd_event_unref(cache->event);
	while (cache->n_entries > 0)
		example_cache_drop_coldest(cache);
	free(cache->by_key);
}

static void example_cache_usage(void)
{
	printf("example-cache [OPTIONS]\n"
	       "\n"
	       "An LRU cache that gives memory back when reliefd asks for it.\n"
	       "\n"
	       "  --name=NAME         name of the module (cache)\n"
	       "  --size=BYTES        size of the cache (100M)\n"
	       "  --rate=N            gets a second, 0: idle (20)\n"
	       "  --keep              spare it below level high\n"
	       "  --register-first=BYTES  register empty, then fill so much a turn\n"
	       "  --pause=MS          between two such turns (0)\n"
	       "  --block=BYTES       give back in blocks of so much\n"
	       "misbehave:\n"
	       "  --reply-delay=MS    free and answer this much later\n"
	       "  --lie               claim to have freed what was asked, free nothing\n"
	       "  --silent            never answer\n"
	       "  --die-on-request    SIGKILL itself at the first request\n");
}

static const struct option example_cache_options[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "size", required_argument, NULL, 's' },
	{ "rate", required_argument, NULL, 'r' },
	{ "keep", no_argument, NULL, 'k' },
	{ "register-first", required_argument, NULL, 'f' },
	{ "pause", required_argument, NULL, 'p' },
	{ "block", required_argument, NULL, 'b' },
	{ "reply-delay", required_argument, NULL, 'd' },
	{ "lie", no_argument, NULL, 'l' },
	{ "silent", no_argument, NULL, 'q' },
	{ "die-on-request", no_argument, NULL, 'x' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void example_cache_parse_arguments(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", example_cache_options, NULL)) >= 0) {
		switch (option) {
		case 'n':
			options->name = optarg;
			break;
		case 's':
			options->size_bytes =
				argument_number("size", optarg, ENTRY_BYTES, 1ULL << 40);
			break;
		case 'r':
			options->gets_per_second = argument_number("rate", optarg, 0, 100000);
			break;
		case 'd':
			options->reply_delay_msec =
				argument_number("reply-delay", optarg, 0, 3600000);
			break;
		case 'f':
			options->chunk_bytes =
				argument_number("register-first", optarg, ENTRY_BYTES, 1ULL << 40);
			break;
		case 'p':
			options->pause_msec = argument_number("pause", optarg, 0, 3600000);
			break;
		case 'b':
			options->block_bytes =
				argument_number("block", optarg, ENTRY_BYTES, 1ULL << 40);
			break;
		case 'k':
			options->keep = true;
			break;
		case 'l':
			options->lie = true;
			break;
		case 'q':
			options->silent = true;
			break;
		case 'x':
			options->die_on_request = true;
			break;
		case 'h':
			example_cache_usage();
			exit(0);
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct cache cache = {
		.options = { .name = "cache", .size_bytes = 100 << 20, .gets_per_second = 20 },
		.seed = 0x9e3779b97f4a7c15ULL ^ example_cache_now_usec(),
	};
	int r;

	example_cache_parse_arguments(&cache.options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	TAILQ_INIT(&cache.by_use);
	r = example_cache_run(&cache);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", cache.options.name, strerror(-r));
	example_cache_done(&cache);
	return r < 0 ? 1 : 0;
}
