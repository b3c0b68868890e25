/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/observe/kernel_text.h"
#include "controller/observe/psi.h"

/* meminfo of 6.18 has 56 lines, 1.6 KiB; /proc/swaps some 80 bytes a device. */
#define PROC_FILE_SIZE	8192
#define SMALL_FILE_SIZE 512

struct machine {
	int meminfo_fd, swaps_fd, pressure_fd; /* -1: not there */
	int block_fd;			       /* /sys/block, O_PATH */
};

/* Bits of the fields below, in their order. */
enum meminfo_field {
	HAS_TOTAL = 1U << 0,
	HAS_AVAILABLE = 1U << 1,
	HAS_SWAP_TOTAL = 1U << 2,
	HAS_SWAP_FREE = 1U << 3,
	HAS_ZSWAP = 1U << 4,
	HAS_ZSWAPPED = 1U << 5,
};

static bool has_all(uint32_t found, uint32_t wanted)
{
	return (found & wanted) == wanted;
}

int meminfo_parse(const char *text, struct machine_reading *reading)
{
	struct machine_reading parsed = *reading, *m = &parsed;
	const struct text_field fields[] = {
		{ "MemTotal", &m->total_bytes },
		{ "MemAvailable", &m->available_bytes },
		{ "SwapTotal", &m->swap_total_bytes },
		{ "SwapFree", &m->swap_free_bytes },
		/* Only with CONFIG_ZSWAP. */
		{ "Zswap", &m->zswap_used_bytes },
		{ "Zswapped", &m->zswap_stored_bytes },
	};
	uint32_t found;
	int r;

	r = text_read_fields(text, fields, 6, &found);
	if (r < 0)
		return r;
	if (!has_all(found, HAS_TOTAL | HAS_AVAILABLE))
		return -EBADMSG;
	m->has |= MACHINE_HAS_MEMORY;
	if (has_all(found, HAS_SWAP_TOTAL | HAS_SWAP_FREE))
		m->has |= MACHINE_HAS_SWAP;
	if (has_all(found, HAS_ZSWAP | HAS_ZSWAPPED))
		m->has |= MACHINE_HAS_ZSWAP;
	*reading = parsed;
	return 0;
}

/* The number of "/dev/zram3", ended by a blank; false for any other name. */
static bool zram_number(const char *name, uint64_t *ret)
{
	static const char prefix[] = "/dev/zram";

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	name += sizeof(prefix) - 1;
	return text_take_number(&name, ret) && *ret < 64 && (*name == ' ' || *name == '\t');
}

/* "/dev/zram0   partition   524284   1024   100": sizes in KiB. */
static int swap_line_parse(const char *line, struct swaps *swaps)
{
	uint64_t number, size_kib, used_kib;
	bool is_zram = zram_number(line, &number);

	for (int i = 0; i < 2; i++) {
		line += strcspn(line, " \t\n");
		if (!text_take_blanks(&line))
			return -EBADMSG;
	}
	if (!text_take_number(&line, &size_kib) || !text_take_blanks(&line) ||
	    !text_take_number(&line, &used_kib) || !text_take_blanks(&line))
		return -EBADMSG;
	if (!is_zram)
		return 0;
	swaps->zram_devices |= 1ULL << number;
	swaps->zram_total_bytes = u64_add(swaps->zram_total_bytes, u64_muldiv(size_kib, KIB, 1));
	swaps->zram_used_bytes = u64_add(swaps->zram_used_bytes, u64_muldiv(used_kib, KIB, 1));
	return 0;
}

int swaps_parse(const char *text, struct swaps *ret)
{
	struct swaps swaps = {};
	const char *end = strchr(text, '\n');

	/* A title is always there. */
	if (!end || strncmp(text, "Filename", 8) != 0)
		return -EBADMSG;
	for (text = end + 1; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end || swap_line_parse(text, &swaps) < 0)
			return -EBADMSG;
	}
	*ret = swaps;
	return 0;
}

int mm_stat_parse(const char *text, uint64_t *ret_stored_bytes, uint64_t *ret_used_bytes)
{
	uint64_t column[3]; /* orig_data_size, compr_data_size, mem_used_total */

	if (!strchr(text, '\n'))
		return -EBADMSG;
	for (int i = 0; i < 3; i++) {
		text_take_blanks(&text);
		if (!text_take_number(&text, &column[i]) || (*text != ' ' && *text != '\n'))
			return -EBADMSG;
	}
	*ret_stored_bytes = column[0];
	*ret_used_bytes = column[2];
	return 0;
}

static int open_in(const char *directory, const char *file, int flags)
{
	_cleanup_fd_ int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : openat(fd, file, flags | O_CLOEXEC);
}

int machine_new(struct machine **ret, const char *proc, const char *sys)
{
	struct machine *m = malloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	*m = (struct machine){
		.meminfo_fd = open_in(proc, "meminfo", O_RDONLY),
		.swaps_fd = open_in(proc, "swaps", O_RDONLY),
		.pressure_fd = open_in(proc, "pressure/memory", O_RDONLY),
		.block_fd = open_in(sys ? sys : "/sys", "block", O_PATH | O_DIRECTORY),
	};
	*ret = m;
	return 0;
}

struct machine *machine_free(struct machine *m)
{
	if (!m)
		return NULL;
	fd_close(m->meminfo_fd);
	fd_close(m->swaps_fd);
	fd_close(m->pressure_fd);
	fd_close(m->block_fd);
	free(m);
	return NULL;
}

static int read_memory(struct machine *m, struct machine_reading *reading)
{
	char text[PROC_FILE_SIZE];
	ssize_t n = file_read_fd(m->meminfo_fd, text, sizeof(text));

	return n < 0 ? (int)n : meminfo_parse(text, reading);
}

static int read_stall(struct machine *m, struct machine_reading *reading)
{
	char text[SMALL_FILE_SIZE];
	ssize_t n = file_read_fd(m->pressure_fd, text, sizeof(text));
	int r;

	if (n < 0)
		return (int)n;
	r = psi_parse(text, &reading->some_usec, &reading->full_usec);
	if (r >= 0)
		reading->has |= MACHINE_HAS_STALL;
	return r;
}

static int read_zram_device(struct machine *m, unsigned int number, struct machine_reading *reading)
{
	char path[32], text[SMALL_FILE_SIZE];
	uint64_t stored_bytes, used_bytes;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "zram%u/mm_stat", number);
	n = file_read_at(m->block_fd, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	r = mm_stat_parse(text, &stored_bytes, &used_bytes);
	if (r < 0)
		return r;
	reading->zram_stored_bytes = u64_add(reading->zram_stored_bytes, stored_bytes);
	reading->zram_used_bytes = u64_add(reading->zram_used_bytes, used_bytes);
	return 0;
}

static int read_zram(struct machine *m, struct machine_reading *reading)
{
	char text[PROC_FILE_SIZE];
	ssize_t n = file_read_fd(m->swaps_fd, text, sizeof(text));
	struct swaps swaps;
	int r;

	if (n < 0)
		return (int)n;
	r = swaps_parse(text, &swaps);
	if (r < 0 || swaps.zram_devices == 0)
		return r;
	for (unsigned int i = 0; i < 64; i++) {
		if (!(swaps.zram_devices >> i & 1))
			continue;
		r = read_zram_device(m, i, reading);
		if (r < 0)
			return r;
	}
	reading->zram_total_bytes = swaps.zram_total_bytes;
	reading->zram_free_bytes = u64_sub(swaps.zram_total_bytes, swaps.zram_used_bytes);
	reading->has |= MACHINE_HAS_ZRAM;
	return 0;
}

static bool is_garbled(int r)
{
	return r == -EBADMSG || r == -EFBIG;
}

int machine_read(struct machine *m, struct machine_reading *ret)
{
	struct machine_reading reading = {};
	bool garbled = is_garbled(read_memory(m, &reading));

	garbled |= is_garbled(read_stall(m, &reading));
	if (reading.has & MACHINE_HAS_SWAP && reading.swap_total_bytes > 0)
		garbled |= is_garbled(read_zram(m, &reading));
	*ret = reading;
	return garbled ? -EBADMSG : 0;
}
