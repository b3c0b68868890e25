/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "controller/base/file.h"
#include "controller/base/kernel_text.h"
#include "controller/observe/meminfo.h"
#include "controller/observe/psi.h"
#include "controller/observe/swaps.h"

/* meminfo of 6.18 has 56 lines, 1.6 KiB; /proc/swaps some 80 bytes a device. */
#define PROC_FILE_SIZE	8192
#define SMALL_FILE_SIZE 512
/* arcstats of ZFS 2.3 has 150 lines, 6 KiB. */
#define ARC_FILE_SIZE 16384

/* Opened when it is there, and again when reading fails: a file of lxcfs dies with its server. */
struct proc_file {
	const char *path;
	int fd; /* -1: not there */
};

struct machine {
	struct proc_file meminfo, swaps, pressure, arcstats;
	int proc_fd, sys_fd; /* O_PATH */
	struct swap_names swap_names;
	uint64_t memory_bytes; /* the last MemTotal that was understood; 0: none */
	uint64_t zswap_share;  /* of memory that its pool may take, in percent; 0: not known */
	bool has_memory;       /* meminfo was there at some time */
};

static int machine_open_directory(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* How far the pool in front of the swap devices grows: an administrator's choice, of boot time. */
static uint64_t machine_read_zswap_share(int sys_fd)
{
	char text[SMALL_FILE_SIZE];
	uint64_t percent;

	if (text_load_at(sys_fd, "module/zswap/parameters/max_pool_percent", text, sizeof(text)) <
		    0 ||
	    text_read_number(text, &percent) < 0 || percent > 100)
		return 0;
	return percent;
}

int machine_new(struct machine **ret, const char *proc, const char *sys)
{
	struct machine *m = malloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	*m = (struct machine){
		.meminfo = { "meminfo", -1 },
		.swaps = { "swaps", -1 },
		.pressure = { "pressure/memory", -1 },
		.arcstats = { "spl/kstat/zfs/arcstats", -1 },
		.proc_fd = machine_open_directory(proc),
		.sys_fd = machine_open_directory(sys ? sys : "/sys"),
	};
	m->swap_names.sys_fd = m->sys_fd;
	m->zswap_share = machine_read_zswap_share(m->sys_fd);
	*ret = m;
	return 0;
}

struct machine *machine_free(struct machine *m)
{
	if (!m)
		return NULL;
	fd_close(m->meminfo.fd);
	fd_close(m->swaps.fd);
	fd_close(m->pressure.fd);
	fd_close(m->arcstats.fd);
	fd_close(m->proc_fd);
	fd_close(m->sys_fd);
	free(m);
	return NULL;
}

/* As text_load_fd(), by a descriptor that stays open. */
static int machine_load(struct machine *m, struct proc_file *file, char *text, size_t size)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		bool is_new = file->fd < 0;
		int r;

		if (is_new)
			file->fd = openat(m->proc_fd, file->path, O_RDONLY | O_CLOEXEC);
		if (file->fd < 0)
			return -errno;
		r = text_load_fd(file->fd, text, size);
		if (r >= 0 || r == -EBADMSG)
			return r;
		file->fd = fd_close(file->fd);
		if (is_new)
			return r;
	}
	return -EIO;
}

static bool machine_is_text(int loaded)
{
	return loaded >= 0 || loaded == -EBADMSG;
}

static int machine_read_memory(struct machine *m, struct machine_reading *reading)
{
	char text[PROC_FILE_SIZE];
	int r = machine_load(m, &m->meminfo, text, sizeof(text));

	/* It was there: that it cannot be read now is no property of this host. */
	if (!machine_is_text(r))
		return m->has_memory ? -EBADMSG : r;
	m->has_memory = true;
	reading->total_bytes = m->memory_bytes;
	r = text_result(r, meminfo_parse(text, reading, &m->memory_bytes));
	if (reading->has & MACHINE_HAS_ZSWAP && m->zswap_share > 0)
		reading->zswap_most_bytes = u64_muldiv(m->memory_bytes, m->zswap_share, 100);
	return r;
}

/* What ZFS keeps is no file cache to the kernel, but goes just as well when memory is wanted. */
static int machine_read_arc(struct machine *m, struct machine_reading *reading)
{
	char text[ARC_FILE_SIZE];
	uint64_t reclaimable_bytes;
	int r = machine_load(m, &m->arcstats, text, sizeof(text));

	if (!machine_is_text(r))
		return r;
	r = text_result(r, arcstats_parse(text, &reclaimable_bytes));
	if (r < 0)
		return r;
	reading->available_bytes =
		u64_min(u64_add(reading->available_bytes, reclaimable_bytes), reading->total_bytes);
	return 0;
}

static int machine_read_stall(struct machine *m, struct machine_reading *reading)
{
	char text[SMALL_FILE_SIZE];
	int r = machine_load(m, &m->pressure, text, sizeof(text));

	if (!machine_is_text(r))
		return r;
	r = text_result(r, psi_parse(text, &reading->some_usec, &reading->full_usec));
	if (reading->some_usec != COUNT_UNKNOWN || reading->full_usec != COUNT_UNKNOWN)
		reading->has |= MACHINE_HAS_STALL;
	return r;
}

static int machine_read_swaps(struct machine *m, struct machine_reading *reading)
{
	char text[PROC_FILE_SIZE];
	int r = machine_load(m, &m->swaps, text, sizeof(text));

	if (!machine_is_text(r))
		return r;
	return text_result(r, swaps_fill(&m->swap_names, text, reading));
}

static uint32_t machine_misread(int r, enum machine_file file)
{
	return r >= 0 || text_is_absent(r) ? 0 : file;
}

uint32_t machine_read(struct machine *m, struct machine_reading *ret)
{
	struct machine_reading reading = {};
	uint32_t garbled = machine_misread(machine_read_memory(m, &reading), MACHINE_MEMINFO);

	if (reading.has & MACHINE_HAS_MEMORY)
		garbled |= machine_misread(machine_read_arc(m, &reading), MACHINE_ARCSTATS);
	garbled |= machine_misread(machine_read_stall(m, &reading), MACHINE_PRESSURE);
	if (reading.has & MACHINE_HAS_SWAP && reading.swap_total_bytes > 0)
		garbled |= machine_misread(machine_read_swaps(m, &reading), MACHINE_SWAPS);
	*ret = reading;
	return garbled;
}

const char *machine_file_name(enum machine_file file)
{
	switch (file) {
	case MACHINE_MEMINFO:
		return "/proc/meminfo";
	case MACHINE_SWAPS:
		return "/proc/swaps or mm_stat of a zram device";
	case MACHINE_PRESSURE:
		return "/proc/pressure/memory";
	case MACHINE_ARCSTATS:
		return "/proc/spl/kstat/zfs/arcstats";
	}
	return "unknown";
}
