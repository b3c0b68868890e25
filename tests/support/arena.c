// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arena: a cache whose memory goes back in an unusual manner, and honestly
 *
 *	pieces     parts of huge pages, by MADV_DONTNEED
 *	release    the same by relief_memory_release()
 *	lazy       by MADV_FREE, as jemalloc does: the kernel takes it when it is short
 *	tmpfs      holes in a memfd
 *	swapped    what had been swapped out, by MADV_DONTNEED; all of the cache is at the start
 *	late       by munmap() in another thread, 50 ms after the answer
 *	reader     MADV_DONTNEED, while as much of a file is read
 *
 * It answers with what it gave back, which is right, whatever memory.current shows by then.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <relief/relief.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/load.h"

/* Of two pieces side by side one is given back, the other when all such are gone. */
enum { PIECE_BYTES = 64 << 10 };

struct arena {
	const char *name, *how, *file;
	uint64_t size_bytes;
	char *memory;
	int fd;
	size_t n_pieces, n_given;
	struct relief *relief;
};

/* Late: the pieces that a thread is to unmap. */
struct late {
	const struct arena *arena;
	size_t first, end;
};

static bool is_how(const struct arena *arena, const char *how)
{
	return strcmp(arena->how, how) == 0;
}

static char *piece(const struct arena *arena, size_t n)
{
	size_t n_even = (arena->n_pieces + 1) / 2;
	size_t index = n < n_even ? 2 * n : 2 * (n - n_even) + 1;

	return arena->memory + index * PIECE_BYTES;
}

static void *unmap_late(void *data)
{
	struct late *late = data;

	usleep(50000);
	for (size_t n = late->first; n < late->end; n++)
		if (munmap(piece(late->arena, n), PIECE_BYTES) < 0)
			err(2, "cannot unmap");
	free(late);
	return NULL;
}

static void give_late(const struct arena *arena, size_t first, size_t end)
{
	struct late *late = malloc(sizeof(*late));
	pthread_t thread;

	if (!late)
		errx(2, "no memory");
	*late = (struct late){ arena, first, end };
	if (pthread_create(&thread, NULL, unmap_late, late) != 0)
		errx(2, "no thread");
	pthread_detach(thread);
}

static void read_as_much(const struct arena *arena, off_t offset)
{
	static char block[PIECE_BYTES];
	int fd = open(arena->file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, block, sizeof(block), offset) != sizeof(block))
		err(2, "cannot read %s", arena->file);
	close(fd);
}

static void give(const struct arena *arena, char *memory)
{
	off_t offset = memory - arena->memory;
	int r = 0;

	if (is_how(arena, "release"))
		r = relief_memory_release(memory, PIECE_BYTES);
	else if (is_how(arena, "lazy"))
		r = madvise(memory, PIECE_BYTES, MADV_FREE);
	else if (is_how(arena, "tmpfs"))
		r = fallocate(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			      PIECE_BYTES);
	else if (!is_how(arena, "late")) /* that is one thread's for all */
		r = madvise(memory, PIECE_BYTES, MADV_DONTNEED);
	if (r < 0)
		err(2, "cannot give back");
	if (is_how(arena, "reader"))
		read_as_much(arena, offset);
}

static uint64_t left_bytes(const struct arena *arena)
{
	return (arena->n_pieces - arena->n_given) * PIECE_BYTES;
}

static int64_t on_shed(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
		       struct relief_request *request, void *userdata)
{
	struct arena *arena = userdata;
	size_t first = arena->n_given;
	uint64_t freed_bytes = 0;

	while (arena->n_given < arena->n_pieces && freed_bytes < bytes) {
		give(arena, piece(arena, arena->n_given++));
		freed_bytes += PIECE_BYTES;
	}
	if (is_how(arena, "late"))
		give_late(arena, first, arena->n_given);
	relief_module_set_size(module, left_bytes(arena));
	printf("%s: request %" PRIu64 ": asked %" PRIu64 " freed %" PRIu64 " left %" PRIu64 "\n",
	       arena->name, relief_request_id(request), bytes, freed_bytes, left_bytes(arena));
	return (int64_t)freed_bytes;
}

static void map_memory(struct arena *arena)
{
	size_t size = arena->size_bytes;

	arena->n_pieces = size / PIECE_BYTES;
	if (is_how(arena, "tmpfs")) {
		arena->fd = memfd_create("arena", MFD_CLOEXEC);
		if (arena->fd < 0 || ftruncate(arena->fd, (off_t)size) < 0)
			err(2, "no memfd");
		arena->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, arena->fd, 0);
		if (arena->memory == MAP_FAILED)
			err(2, "cannot map the memfd");
	} else if (is_how(arena, "swapped") || is_how(arena, "late")) {
		arena->memory = load_map(size);
	} else {
		arena->memory = load_map_huge(size);
	}
	load_touch(arena->memory, size, 0);
	if (is_how(arena, "swapped") && madvise(arena->memory, size, MADV_PAGEOUT) < 0)
		err(2, "cannot swap out");
}

static void parse_options(struct arena *arena, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' }, { "how", required_argument, NULL, 'w' },
		{ "file", required_argument, NULL, 'F' }, { "size", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'H' },	  {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			arena->name = optarg;
			break;
		case 'w':
			arena->how = optarg;
			break;
		case 'F':
			arena->file = optarg;
			break;
		case 's':
			arena->size_bytes = load_bytes("--size", optarg);
			break;
		default:
			puts("usage: arena --how pieces|release|lazy|tmpfs|swapped|late|reader\n"
			     "             [--name arena] [--size 64M] [--file PATH (reader)]");
			exit(option == 'H' ? 0 : 2);
		}
	}
	if (optind < argc || !arena->how || !arena->size_bytes ||
	    (is_how(arena, "reader") && !arena->file))
		errx(2, "wants --how, and with \"reader\" --file (see --help)");
}

static void serve(struct arena *arena)
{
	const struct relief_module_ops ops = { .size = sizeof(ops), .shed = on_shed };
	const struct relief_module_options options = {
		.size = sizeof(options),
		.kind = RELIEF_KIND_CACHE,
		.no_trim = true,
		.bytes = arena->size_bytes,
	};
	struct relief_module *module;

	if (relief_new(&arena->relief) < 0 ||
	    relief_module_register(arena->relief, &module, arena->name, &options, &ops, arena) < 0)
		errx(2, "cannot register");
	printf("%s: ready, %" PRIu64 " bytes\n", arena->name, arena->size_bytes);
	for (;;) {
		struct pollfd wait = { .fd = relief_fd(arena->relief), .events = POLLIN };

		poll(&wait, 1, -1);
		relief_dispatch(arena->relief);
	}
}

int main(int argc, char **argv)
{
	struct arena arena = { .name = "arena", .size_bytes = 64 << 20, .fd = -1 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse_options(&arena, argc, argv);
	map_memory(&arena);
	serve(&arena);
}
