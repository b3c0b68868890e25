// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * churn: a busy, healthy service: takes a little memory and gives it back, over and over
 *
 * What it holds never grows, so nobody has cause to act on it, however much it allocates in sum.
 */
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/support/load.h"

struct churn {
	uint64_t size_bytes;
	uint64_t every_usec;
	uint64_t for_usec;
};

static void parse_options(struct churn *churn, int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "every", required_argument, NULL, 'e' },
		{ "for", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'H' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			churn->size_bytes = load_bytes("--size", optarg);
			break;
		case 'e':
			churn->every_usec = load_usec("--every", optarg);
			break;
		case 'f':
			churn->for_usec = load_usec("--for", optarg);
			break;
		default:
			puts("usage: churn [--size 1M] [--every 20ms] [--for TIME, default: for "
			     "ever]");
			exit(option == 'H' ? 0 : 2);
		}
	}
	if (optind < argc || !churn->size_bytes)
		errx(2, "wants a --size over 0, and no other arguments (see --help)");
}

int main(int argc, char **argv)
{
	struct churn churn = { .size_bytes = 1 << 20, .every_usec = 20000, .for_usec = UINT64_MAX };
	uint64_t start_usec, next_usec, rounds = 0;

	parse_options(&churn, argc, argv);
	start_usec = next_usec = load_now_usec();
	while (load_now_usec() - start_usec < churn.for_usec) {
		void *memory = load_map(churn.size_bytes);

		load_touch(memory, churn.size_bytes, 0);
		munmap(memory, churn.size_bytes);
		rounds++;
		next_usec += churn.every_usec;
		load_sleep_until(next_usec);
	}
	printf("done %" PRIu64 " rounds\n", rounds);
	return 0;
}
