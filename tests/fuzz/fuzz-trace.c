/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever stands in a record: it is replayed to its end, or refused with its line
 *
 * The input is a trace; one that is none changes the record below: four bytes say which line, and
 * what becomes of it (lost, twice, later, another number, another sign). So answers come to unknown
 * requests, modules have no readings, parents go round, and this run decides otherwise.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "controller/base/cleanup.h"
#include "controller/base/log.h"
#include "controller/simulate/simulate.h"

#define N_LINES_MAX 128
#define LINE_SIZE   512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] =
	"trace 1\n"
	"step now=1000s machine modules groups\n"
	"machine total=1G available=150M swap_total=1G swap_free=1G zram_total=1G zram_free=1G "
	"zram_stored=0 zram_used=0\n"
	"group slot=1 id=1001 current=110M limit=200M reclaimable=9M unused=0 held=100M\n"
	"group slot=2 id=1002 parent=1 current=100M limit=max reclaimable=9M swap=0\n"
	"module slot=0 id=2001 group=2 size=90M owner=95M last_used=1000s shed unload\n"
	"module slot=1 id=2002 group=1 size=30M kind=model last_used=1s shed unload\n"
	"name module=0 as=cache\n"
	"> action id=1 rung=warn level=medium module=none started=1000s deadline=1000s\n"
	"> action id=2 rung=shed group=2 group_id=1002 module_id=2001 bytes=60M started=1000s "
	"deadline=1001s\n"
	"> action id=3 rung=reclaim group=1 group_id=1001 module=none bytes=40M started=1000s "
	"deadline=1001s\n"
	"> next wake=1001s\n"
	"step now=1000100ms machine\n"
	"machine total=1G available=130M swap_total=1G swap_free=1G zram_total=1G zram_free=1G "
	"zram_stored=0 zram_used=0\n"
	"group slot=2 id=1002 parent=1 current=60M limit=max reclaimable=1M swap=10M\n"
	"outcome action=2 result=partial claimed=50M finished=1000080ms\n"
	"outcome action=3 result=done claimed=40M finished=1000080ms\n"
	"> finish id=2 result=partial claimed=50M measured=49M\n"
	"> finish id=3 claimed=40M measured=40M\n"
	"> next wake=1001s\n"
	"step now=1000200ms machine modules\n"
	"machine total=1G available=90M swap_total=1G swap_free=1G\n"
	"group slot=1 id=1001 current=190M limit=200M reclaimable=9M unused=0 held=100M\n"
	"module slot=0 id=2001 group=2 size=80M owner=95M last_used=1000s shed unload\n"
	"module slot=1 id=2002 group=1 size=30M kind=model last_used=1s unload unloaded\n"
	"order id=1 group=2 group_id=1002 bytes=64M max_rung=unload\n"
	"> next wake=1001s\n"
	"step now=1001s machine\n"
	"machine total=1G available=40M\n"
	"group slot=2 id=1002 gone\n"
	"> next wake=1003s\n"
	"step now=1003s machine modules groups\n"
	"machine total=1G available=500M\n"
	"> next wake=1004s\n";

struct lines {
	char text[N_LINES_MAX][LINE_SIZE];
	size_t n;
};

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-trace: %s\n", what);
	abort();
}

static void split(struct lines *lines)
{
	for (const char *at = record; *at && lines->n < N_LINES_MAX; lines->n++) {
		size_t length = strcspn(at, "\n");

		snprintf(lines->text[lines->n], LINE_SIZE, "%.*s", (int)length, at);
		at += length + 1;
	}
}

/* Puts another number in place of the one behind the n-th "=". */
static void change_number(char *line, unsigned int n, uint8_t value)
{
	static const char *const numbers[] = { "0",    "1",    "2",	     "77",
					       "1002", "2001", "4294967295", "18446744073709551615",
					       "max",  "none", "1M",	     "200M",
					       "1ms",  "2h",   "late",	     "shed" };
	char changed[LINE_SIZE];
	char *at = line;

	for (n = n % 12 + 1; n > 0 && at; n--)
		at = strchr(at + 1, '=');
	if (!at)
		return;
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at + 1 - line), line,
		 numbers[value % 16], at + 1 + strcspn(at + 1, " "));
	snprintf(line, LINE_SIZE, "%s", changed);
}

/* Two lines change places: readings and answers come early or late. */
static void swap_lines(struct lines *lines, size_t a, size_t b)
{
	char text[LINE_SIZE];

	memcpy(text, lines->text[a], LINE_SIZE);
	memcpy(lines->text[a], lines->text[b], LINE_SIZE);
	memcpy(lines->text[b], text, LINE_SIZE);
}

static void change(struct lines *lines, const uint8_t *how)
{
	size_t i = 1 + how[0] % (lines->n - 1);
	char *line = lines->text[i];

	switch (how[1] % 5) {
	case 0:
		line[0] = '\0';
		return;
	case 1:
		if (lines->n < N_LINES_MAX)
			memcpy(lines->text[lines->n++], line, LINE_SIZE);
		return;
	case 2:
		swap_lines(lines, i, 1 + how[2] % (lines->n - 1));
		return;
	case 3:
		change_number(line, how[2], how[3]);
		return;
	default:
		if (line[0])
			line[how[2] % strlen(line)] = (char)(how[3] % 127 + 1);
	}
}

static char *changed_record(const uint8_t *data, size_t size, size_t *ret_size)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char *text = NULL;
	FILE *file = open_memstream(&text, ret_size);

	check(lines && file, "no memory");
	split(lines);
	for (size_t i = 0; i + 4 <= size && i < 16; i += 4)
		change(lines, data + i);
	for (size_t i = 0; i < lines->n; i++)
		fprintf(file, "%s\n", lines->text[i]);
	fclose(file);
	free(lines);
	return text;
}

static int replay(const void *text, size_t size)
{
	_cleanup_file_ FILE *file = fmemopen((void *)(uintptr_t)text, size, "r");
	_cleanup_free_ char *said = NULL;
	size_t said_size;
	FILE *out = open_memstream(&said, &said_size);
	struct profile profile;
	int r;

	check(file && out, "no memory");
	profile_init(&profile);
	r = simulate_run(file, "fuzz", &profile, out);
	fclose(out);
	check(r == 0 || r == -EINVAL, "neither replayed nor refused");
	check(r != 0 || strstr(said, "In all: "), "replayed without a sum");
	return r;
}

/* Where nothing is changed it is replayed: else this would test refusals only. */
static void check_record(void)
{
	static bool is_checked;

	if (!is_checked)
		check(replay(record, strlen(record)) == 0, "the record is refused as it is");
	is_checked = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t text_size;

	log_set_max_level(LOG_CRIT); /* what is refused is said on stderr */
	if (size > 5 && memcmp(data, "story", 5) == 0)
		return 0; /* it may last for years */
	if (size > 5 && (memcmp(data, "trace", 5) == 0 || data[0] == '#')) {
		replay(data, size);
		return 0;
	}
	check_record();
	text = changed_record(data, size, &text_size);
	replay(text, text_size);
	return 0;
}
