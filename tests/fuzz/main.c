/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer, so that gcc and valgrind can, too
 *
 * usage: fuzz-X [-r N] [-s SEED] [FILE or DIRECTORY...]: the files, then N random inputs
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	/* On the heap and of the exact size: reading beyond it is noticed. */
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "re");
	uint8_t *input;
	size_t size;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	input = malloc(size ? size : 1);
	if (!input)
		return 1;
	memcpy(input, buf, size);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return 0;
}

static int run_path(const char *path, unsigned int *n)
{
	struct dirent *entry;
	DIR *d = opendir(path);
	int r = 0;

	if (!d) {
		++*n;
		return run_file(path);
	}
	while ((entry = readdir(d)) && r == 0) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		r = run_file(file);
		++*n;
	}
	closedir(d);
	return r;
}

/* xorshift64*: the same inputs from the same seed everywhere. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static int run_random(uint64_t seed, unsigned long n)
{
	uint64_t state = seed * 2 + 1;

	for (unsigned long i = 0; i < n; i++) {
		size_t size = next_random(&state) % (i % 16 ? 64 : INPUT_MAX);
		uint8_t *input = malloc(size ? size : 1);

		if (!input)
			return 1;
		for (size_t k = 0; k < size; k++)
			input[k] = (uint8_t)(next_random(&state) >> 56);
		LLVMFuzzerTestOneInput(input, size);
		free(input);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long n_random = 0;
	unsigned int n_files = 0;
	uint64_t seed = 1;
	int option, r = 0;

	while ((option = getopt(argc, argv, "r:s:")) >= 0) {
		if (option == 'r')
			n_random = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	for (int i = optind; i < argc && r == 0; i++)
		r = run_path(argv[i], &n_files);
	if (r == 0)
		r = run_random(seed, n_random);
	printf("%u files, %lu random inputs (seed %" PRIu64 ")\n", n_files, n_random, seed);
	return r;
}
