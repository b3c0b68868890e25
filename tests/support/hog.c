// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hog: anonymous memory that grows at a given pace up to a given end, is held, and given back
 *
 *	bytes
 *	end  -           .---------.
 *	               ./           |
 *	             ./   at --rate |
 *	0    -     ./               '--
 *	              grow    --hold
 *
 * It never grows faster than its rate: a hog that was stalled goes on from where it is and does
 * not catch up in a burst. It ends with status 0 when it got all it wanted; to be killed before is
 * the other way out.
 */
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/load.h"

/* A line four times a second: what was available is then known to 13 MB at 50 MB/s. */
#define TELL_USEC 250000

struct hog {
	uint64_t rate_bytes; /* per second; 0: as fast as it goes */
	uint64_t end_bytes;
	uint64_t chunk_bytes;
	uint64_t hold_usec;
	uint64_t zero_percent;
	bool huge;
};

static void usage(void)
{
	puts("usage: hog (--to SIZE | --until-over-free SIZE) [options]\n"
	     "\n"
	     "  --to SIZE               grow to SIZE\n"
	     "  --until-over-free SIZE  grow to what is available at the start plus SIZE\n"
	     "  --rate SIZE             at most SIZE a second (default: no limit)\n"
	     "  --hold TIME             keep it so long, or 'infinity' (default: 0)\n"
	     "  --chunk SIZE            grow in steps of SIZE (default: 1M)\n"
	     "  --compressible PERCENT  share of each page that is zero (default: 0)\n"
	     "  --huge-pages            in huge pages, two megabytes a step: as fast as a runaway");
}

static void parse_options(struct hog *hog, int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "until-over-free", required_argument, NULL, 'u' },
		{ "rate", required_argument, NULL, 'r' },
		{ "hold", required_argument, NULL, 'h' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "compressible", required_argument, NULL, 'z' },
		{ "huge-pages", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'H' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			hog->end_bytes = load_bytes("--to", optarg);
			break;
		case 'u':
			hog->end_bytes = load_bytes("--until-over-free", optarg);
			hog->end_bytes += load_available_bytes();
			break;
		case 'r':
			hog->rate_bytes = load_bytes("--rate", optarg);
			break;
		case 'h':
			hog->hold_usec = load_usec("--hold", optarg);
			break;
		case 'c':
			hog->chunk_bytes = load_bytes("--chunk", optarg);
			break;
		case 'z':
			hog->zero_percent = load_percent("--compressible", optarg);
			break;
		case 'p':
			hog->huge = true;
			hog->chunk_bytes = LOAD_HUGE_BYTES;
			break;
		default:
			usage();
			exit(option == 'H' ? 0 : 2);
		}
	}
	if (optind < argc || !hog->end_bytes || !hog->chunk_bytes)
		errx(2, "wants --to or --until-over-free, and a --chunk over 0 (see --help)");
}

static void tell(const char *what, uint64_t bytes, uint64_t start_usec)
{
	printf("%s %" PRIu64 " %" PRIu64 " available %" PRIu64 "\n", what, bytes,
	       (load_now_usec() - start_usec) / 1000, load_available_bytes());
}

static void grow(const struct hog *hog, uint64_t start_usec)
{
	uint64_t told_usec = start_usec, next_usec = start_usec, bytes = 0;

	while (bytes < hog->end_bytes) {
		uint64_t left = hog->end_bytes - bytes, now_usec;
		uint64_t step = left < hog->chunk_bytes ? left : hog->chunk_bytes;

		load_touch(hog->huge ? load_map_huge(step) : load_map(step), step,
			   hog->zero_percent);
		bytes += step;
		now_usec = load_now_usec();
		if (now_usec - told_usec >= TELL_USEC) {
			tell("at", bytes, start_usec);
			told_usec = now_usec;
		}
		if (!hog->rate_bytes)
			continue;
		next_usec += step * 1000000 / hog->rate_bytes;
		if (next_usec > now_usec)
			load_sleep_until(next_usec);
		else
			next_usec = now_usec;
	}
}

int main(int argc, char **argv)
{
	struct hog hog = { .chunk_bytes = 1 << 20 };
	uint64_t start_usec;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse_options(&hog, argc, argv);
	start_usec = load_now_usec();
	printf("clock %" PRIu64 "\n", start_usec);
	tell("start", 0, start_usec);
	grow(&hog, start_usec);
	tell("done", hog.end_bytes, start_usec);
	if (hog.hold_usec)
		load_sleep_until(hog.hold_usec == UINT64_MAX ? (uint64_t)INT64_MAX
							     : load_now_usec() + hog.hold_usec);
	return 0;
}
