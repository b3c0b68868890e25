/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device is
 *
 *    /dev/zram0  /zram0  /dev/block/zram0  /dev/zram0\040(deleted)     its name tells
 *    /dev/disk/by-label/swap  /dev/mapper/swap  /dev/loop3              its device number tells
 *    /var/swapfile                                   the device number of its file system tells
 *
 * through /sys/dev/block/MAJOR:MINOR, whose target is .../block/zram0 or has it among `slaves`.
 *
 * While a device is being emptied, meminfo counts only its used pages, as total and as free; they
 * do not take anything. Such a device is told by the size that is missing in SwapTotal.
 */

#include "controller/observe/swaps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "controller/base/cleanup.h"
#include "controller/base/kernel_text.h"

#define SMALL_FILE_SIZE 512
#define NAME_SIZE	1024
/* bd_stat counts in these, whatever the page size. */
#define BACKED_UNIT_BYTES (4 * KIB)
/* Below this much stored data the ratio says nothing; half is what policies/headroom.c assumes. */
#define STORED_LEAST_BYTES MIB
/* meminfo and swaps are read one after the other, while pages move. */
#define SWAPOFF_SLACK_BYTES (4 * MIB)
/* A number beyond what any host has. */
#define ZRAM_NUMBER_MOST 65535

/* "zram3" and nothing behind it. */
static int swaps_zram_of(const char *name, size_t n)
{
	const char *s = name + 4;
	uint64_t number;

	if (n < 5 || strncmp(name, "zram", 4) != 0 || !text_take_number(&s, &number) ||
	    s != name + n || number > ZRAM_NUMBER_MOST)
		return SWAP_IS_NO_ZRAM;
	return (int)number;
}

static int swaps_zram_of_name(const char *name, size_t n)
{
	static const char deleted[] = "\\040(deleted)";
	size_t tail = sizeof(deleted) - 1;
	const char *slash;

	if (n > tail && memcmp(name + n - tail, deleted, tail) == 0)
		n -= tail;
	slash = memrchr(name, '/', n);
	if (slash) {
		n -= (size_t)(slash + 1 - name);
		name = slash + 1;
	}
	return swaps_zram_of(name, n);
}

/* "/dev/zram0   partition   524284   1024   100": sizes in KiB. */
static int swap_line_parse(const char *line, swaps_resolve_t resolve, void *data,
			   struct swap_device *ret)
{
	const char *name = line, *type;
	uint64_t size_kib, used_kib;
	size_t n;
	bool is_file;

	n = strcspn(line, " \t\n");
	line += n;
	if (n == 0 || !text_take_blanks(&line))
		return -EBADMSG;
	type = line;
	line += strcspn(line, " \t\n");
	is_file = strncmp(type, "file", 4) == 0;
	if (!text_take_blanks(&line) || !text_take_number(&line, &size_kib) ||
	    !text_take_blanks(&line) || !text_take_number(&line, &used_kib) ||
	    !text_take_blanks(&line) || used_kib > size_kib)
		return -EBADMSG;
	*ret = (struct swap_device){
		.zram = is_file ? SWAP_IS_NO_ZRAM : swaps_zram_of_name(name, n),
		.total_bytes = u64_muldiv(size_kib, KIB, 1),
		.used_bytes = u64_muldiv(used_kib, KIB, 1),
	};
	if (ret->zram == SWAP_IS_NO_ZRAM && resolve)
		ret->zram = resolve(data, name, n, is_file);
	return 0;
}

int swaps_parse(const char *text, swaps_resolve_t resolve, void *data, struct swaps *ret)
{
	const char *end = strchr(text, '\n');
	int r = 0;

	ret->n = 0;
	/* A title is always there. */
	if (!end || strncmp(text, "Filename", 8) != 0)
		return -EBADMSG;
	for (text = end + 1; *text && ret->n < SWAPS_MAX; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			return -EBADMSG;
		if (swap_line_parse(text, resolve, data, &ret->devices[ret->n]) < 0)
			r = -EBADMSG;
		else
			ret->n++;
	}
	return r;
}

int mm_stat_parse(const char *text, struct mm_stat *ret)
{
	uint64_t column[4]; /* orig_data_size, compr_data_size, mem_used_total, mem_limit */

	if (!strchr(text, '\n'))
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		text_take_blanks(&text);
		if (!text_take_number(&text, &column[i]) || (*text != ' ' && *text != '\n'))
			return -EBADMSG;
	}
	*ret = (struct mm_stat){ column[0], column[2], column[3] };
	return 0;
}

/* Looking a device up. */

/* "../../devices/virtual/block/zram0/zram0p1": any element that is a zram device. */
static int swaps_zram_of_link(const char *link, size_t n)
{
	int zram = SWAP_IS_NO_ZRAM;

	for (size_t i = 0; i < n && zram == SWAP_IS_NO_ZRAM;) {
		const char *slash = memchr(link + i, '/', n - i);
		size_t length = slash ? (size_t)(slash - link) - i : n - i;

		zram = swaps_zram_of(link + i, length);
		i += length + 1;
	}
	return zram;
}

/* What a mapped device (dm-crypt, LVM) lies on, one level deep. */
static int swaps_zram_of_slaves(int sys_fd, const char *device)
{
	_cleanup_dir_ DIR *d = NULL;
	int zram = SWAP_IS_NO_ZRAM, fd;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "%s/slaves", device);
	fd = openat(sys_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return SWAP_IS_NO_ZRAM;
	}
	while (zram == SWAP_IS_NO_ZRAM && (entry = readdir(d)))
		zram = swaps_zram_of(entry->d_name, strlen(entry->d_name));
	return zram;
}

static int swaps_zram_of_file(int sys_fd, const char *path, int depth);

static int swaps_zram_of_device(int sys_fd, dev_t number, int depth)
{
	char device[40], path[80], link[512];
	ssize_t n;
	int zram;

	snprintf(device, sizeof(device), "dev/block/%u:%u", major(number), minor(number));
	n = readlinkat(sys_fd, device, link, sizeof(link));
	zram = n < 0 ? SWAP_IS_NO_ZRAM : swaps_zram_of_link(link, (size_t)n);
	if (zram == SWAP_IS_NO_ZRAM)
		zram = swaps_zram_of_slaves(sys_fd, device);
	if (zram != SWAP_IS_NO_ZRAM || depth == 0)
		return zram;
	/* A loop device: its file may lie on one. */
	snprintf(path, sizeof(path), "%s/loop/backing_file", device);
	if (text_load_at(sys_fd, path, link, sizeof(link)) < 0)
		return SWAP_IS_NO_ZRAM;
	link[strcspn(link, "\n")] = '\0';
	return swaps_zram_of_file(sys_fd, link, depth - 1);
}

static int swaps_zram_of_file(int sys_fd, const char *path, int depth)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return SWAP_IS_NO_ZRAM;
	return swaps_zram_of_device(sys_fd, S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev, depth);
}

static void swaps_unescape_octal(char *s)
{
	char *out = s;

	for (; *s; out++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out = *s++;
		}
	}
	*out = '\0';
}

static int swaps_look_up(int sys_fd, const char *name, size_t n)
{
	char path[NAME_SIZE];

	if (n >= sizeof(path))
		return SWAP_IS_NO_ZRAM;
	memcpy(path, name, n);
	path[n] = '\0';
	swaps_unescape_octal(path);
	return swaps_zram_of_file(sys_fd, path, 1);
}

static uint32_t swaps_hash_of(const char *name, size_t n)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h;
}

/* A stat() may wait for a file system: not in every look, and not in one under pressure. */
static int swaps_resolve(void *data, const char *name, size_t n, bool is_file)
{
	struct swap_names *names = data;
	struct swap_name *free_one = NULL;
	uint32_t hash = swaps_hash_of(name, n);

	for (size_t i = 0; i < SWAPS_MAX; i++) {
		struct swap_name *known = &names->names[i];

		if (known->is_known && known->hash == hash) {
			known->is_seen = true;
			return known->zram;
		}
		if (!known->is_known)
			free_one = known;
	}
	if (!free_one)
		return SWAP_IS_NO_ZRAM;
	*free_one = (struct swap_name){ hash, swaps_look_up(names->sys_fd, name, n), true, true };
	return free_one->zram;
}

/* Whoever was not in the file any more is looked up anew when it comes again. */
static void swaps_forget_unseen(struct swap_names *names)
{
	for (size_t i = 0; i < SWAPS_MAX; i++) {
		names->names[i].is_known = names->names[i].is_seen;
		names->names[i].is_seen = false;
	}
}

/* Filling the reading. */

/* What lies on a backing device is no RAM, and says nothing about what the next pages cost. */
static uint64_t swaps_backed_bytes(int sys_fd, int zram)
{
	char path[48], text[SMALL_FILE_SIZE];
	const char *s = text;
	uint64_t n;

	snprintf(path, sizeof(path), "block/zram%d/bd_stat", zram);
	if (text_load_at(sys_fd, path, text, sizeof(text)) < 0)
		return 0;
	text_take_blanks(&s);
	return text_take_number(&s, &n) && *s == ' ' ? u64_muldiv(n, BACKED_UNIT_BYTES, 1) : 0;
}

/* Free space of a device, as far as its mem_limit lets data in. */
static uint64_t swaps_free_below_limit(const struct mm_stat *stat, uint64_t free_bytes)
{
	uint64_t room_bytes = u64_sub(stat->limit_bytes, stat->used_bytes);

	if (stat->limit_bytes == 0)
		return free_bytes;
	if (stat->stored_bytes < STORED_LEAST_BYTES || stat->used_bytes == 0)
		return u64_min(free_bytes, 2 * u64_min(room_bytes, UINT64_MAX / 2));
	return u64_min(free_bytes, u64_muldiv(room_bytes, stat->stored_bytes, stat->used_bytes));
}

/* A device whose statistics cannot be read is still one: only its ratio is not known. */
static int swaps_add_zram(int sys_fd, const struct swap_device *device,
			  struct machine_reading *reading)
{
	uint64_t free_bytes = device->total_bytes - device->used_bytes;
	char path[48], text[SMALL_FILE_SIZE];
	struct mm_stat stat = {};
	int r;

	snprintf(path, sizeof(path), "block/zram%d/mm_stat", device->zram);
	r = text_load_at(sys_fd, path, text, sizeof(text));
	if (r == 0)
		r = mm_stat_parse(text, &stat);
	if (r == 0) {
		stat.stored_bytes =
			u64_sub(stat.stored_bytes, swaps_backed_bytes(sys_fd, device->zram));
		free_bytes = swaps_free_below_limit(&stat, free_bytes);
	}
	reading->zram_stored_bytes = u64_add(reading->zram_stored_bytes, stat.stored_bytes);
	reading->zram_used_bytes = u64_add(reading->zram_used_bytes, stat.used_bytes);
	reading->zram_total_bytes = u64_add(reading->zram_total_bytes, device->total_bytes);
	reading->zram_free_bytes = u64_add(reading->zram_free_bytes, free_bytes);
	/* What a limit keeps out is no free swap of another kind either. */
	reading->swap_free_bytes = u64_sub(reading->swap_free_bytes,
					   device->total_bytes - device->used_bytes - free_bytes);
	reading->has |= MACHINE_HAS_ZRAM;
	return r == -EBADMSG ? r : 0;
}

/* The device that is being emptied, or n: SwapTotal lacks just what is free on it. */
static size_t swaps_find_emptied(const struct swaps *swaps, uint64_t swap_total_bytes)
{
	uint64_t sum = 0, lacks;
	size_t found = swaps->n;

	for (size_t i = 0; i < swaps->n; i++)
		sum = u64_add(sum, swaps->devices[i].total_bytes);
	lacks = u64_sub(sum, swap_total_bytes);
	if (lacks <= SWAPOFF_SLACK_BYTES)
		return found;
	for (size_t i = 0; i < swaps->n; i++) {
		const struct swap_device *d = &swaps->devices[i];
		uint64_t free_bytes = d->total_bytes - d->used_bytes;

		if (u64_sub(free_bytes, lacks) <= SWAPOFF_SLACK_BYTES &&
		    u64_sub(lacks, free_bytes) <= SWAPOFF_SLACK_BYTES)
			found = i;
	}
	return found;
}

int swaps_fill(struct swap_names *names, const char *text, struct machine_reading *reading)
{
	struct swaps swaps;
	uint64_t disk_bytes = 0, disk_free_bytes = 0;
	size_t emptied;
	int r;

	r = swaps_parse(text, swaps_resolve, names, &swaps);
	swaps_forget_unseen(names);
	emptied = swaps_find_emptied(&swaps, reading->swap_total_bytes);
	if (emptied < swaps.n)
		reading->swap_free_bytes =
			u64_sub(reading->swap_free_bytes, swaps.devices[emptied].used_bytes);
	for (size_t i = 0; i < swaps.n; i++) {
		const struct swap_device *d = &swaps.devices[i];

		if (i == emptied)
			continue;
		if (d->zram != SWAP_IS_NO_ZRAM) {
			if (swaps_add_zram(names->sys_fd, d, reading) < 0)
				r = -EBADMSG;
			continue;
		}
		disk_bytes = u64_add(disk_bytes, d->total_bytes);
		disk_free_bytes = u64_add(disk_free_bytes, d->total_bytes - d->used_bytes);
	}
	if (r < 0)
		reading->has |= MACHINE_HAS_ZRAM;
	/* The cautious side: beside zram, what is not known to lie on a disk lies there, too. */
	if (reading->has & MACHINE_HAS_ZRAM) {
		reading->zram_total_bytes = u64_max(reading->zram_total_bytes,
						    u64_sub(reading->swap_total_bytes, disk_bytes));
		reading->zram_free_bytes =
			u64_max(reading->zram_free_bytes,
				u64_sub(reading->swap_free_bytes, disk_free_bytes));
	}
	return r;
}
