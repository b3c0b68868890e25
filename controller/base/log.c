/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/base/journal_record.h"

/* Longer texts are cut: a log call must not need memory when memory is short. */
#define LOG_LINE_MAX JOURNAL_SENTENCE_SIZE

static int max_level = LOG_INFO;
static bool plain;

void log_set_max_level(int level)
{
	max_level = level;
}

bool log_is_wanted(int level)
{
	return level <= max_level;
}

void log_set_plain(void)
{
	plain = true;
}

/* $JOURNAL_STREAM is DEVICE:INODE of the stream that systemd gave us, see systemd.exec(5). */
static bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%ju:%ju", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void log_stderr_write(int level, const char *text)
{
	/* "<N>" is for whoever reads the pipe (sd-daemon(3)), not for people. */
	if (plain || isatty(STDERR_FILENO))
		dprintf(STDERR_FILENO, "%s\n", text);
	else
		dprintf(STDERR_FILENO, "<%d>%s\n", level, text);
}

bool log_is_journal(void)
{
	static int is_journal = -1; /* not looked yet; two threads that look find the same */

	if (is_journal < 0)
		is_journal = log_stderr_is_journal();
	return is_journal;
}

static void log_text(int level, const char *text)
{
	struct journal_record record;
	int r = -ENOENT;

	if (!plain && log_is_journal()) {
		journal_record_init(&record, NULL, level, "%s", text);
		r = journal_record_send(&record, JOURNAL_SOCKET);
	}
	/* A journald that does not keep up would not read the stream either: writing would wait. */
	if (r < 0 && r != -EAGAIN)
		log_stderr_write(level, text);
}

void log_message(int level, const char *format, ...)
{
	int saved = errno;
	char text[LOG_LINE_MAX];
	va_list args;

	if (level > max_level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_text(level, text);
	errno = saved;
}

int log_errno(int error, const char *format, ...)
{
	int saved = errno;
	char text[LOG_LINE_MAX], reason[128];
	size_t length;
	va_list args;

	if (LOG_ERR > max_level)
		return error;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	length = strlen(text);
	snprintf(text + length, sizeof(text) - length, ": %s",
		 strerror_r(-error, reason, sizeof(reason)));
	log_text(LOG_ERR, text);
	errno = saved;
	return error;
}

void log_record(const struct journal_record *record)
{
	if (!log_is_wanted(record->priority))
		return;
	if (log_is_journal())
		journal_record_send(record, JOURNAL_SOCKET);
	else
		log_message(record->priority, "%s", record->sentence);
}
