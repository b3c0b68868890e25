// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * file-reader: reads one file from end to end, over and over
 *
 * In a group whose memory.max is below the file's size, each pass has to come from the disk again:
 * the group stalls on its own limit and the host's PSI rises with it, while memory is free. Nobody
 * should act on that.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/base/cleanup.h"
#include "tests/support/load.h"

enum { BLOCK_BYTES = 128 << 10 };

struct file_reader {
	const char *path;
	uint64_t size_bytes;
	uint64_t for_usec;
};

static void parse_options(struct file_reader *reader, int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'F' },
		{ "size", required_argument, NULL, 's' },
		{ "for", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'H' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'F':
			reader->path = optarg;
			break;
		case 's':
			reader->size_bytes = load_bytes("--size", optarg);
			break;
		case 'f':
			reader->for_usec = load_usec("--for", optarg);
			break;
		default:
			puts("usage: file-reader --file PATH [--size 64M] [--for 30s]\n"
			     "  The file is made if it is not there; it stays.");
			exit(option == 'H' ? 0 : 2);
		}
	}
	if (optind < argc || !reader->path || !reader->size_bytes)
		errx(2, "wants --file, and a --size over 0 (see --help)");
}

static int open_file(const struct file_reader *reader, char *block)
{
	int fd = open(reader->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		fd = open(reader->path, O_RDONLY | O_CLOEXEC);
	else
		for (uint64_t at = 0; fd >= 0 && at < reader->size_bytes; at += BLOCK_BYTES)
			if (pwrite(fd, block, BLOCK_BYTES, (off_t)at) != BLOCK_BYTES)
				err(2, "cannot write %s", reader->path);
	if (fd < 0)
		err(2, "cannot open %s", reader->path);
	fdatasync(fd);
	return fd;
}

int main(int argc, char **argv)
{
	struct file_reader reader = { .size_bytes = 64 << 20, .for_usec = 30000000 };
	char *block = load_map(BLOCK_BYTES);
	uint64_t start_usec, at = 0, sum = 0;
	_cleanup_fd_ int fd = -1;

	parse_options(&reader, argc, argv);
	load_touch(block, BLOCK_BYTES, 0);
	fd = open_file(&reader, block);
	start_usec = load_now_usec();
	while (load_now_usec() - start_usec < reader.for_usec) {
		ssize_t got = pread(fd, block, BLOCK_BYTES, (off_t)at);

		if (got < 0)
			err(2, "cannot read %s", reader.path);
		sum += (uint64_t)got;
		at = got && at + BLOCK_BYTES < reader.size_bytes ? at + BLOCK_BYTES : 0;
	}
	printf("done %" PRIu64 " bytes %" PRIu64 " passes\n", sum, sum / reader.size_bytes);
	return 0;
}
