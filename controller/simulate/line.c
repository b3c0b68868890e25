/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/simulate/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "controller/base/closest.h"
#include "controller/base/parse.h"
#include "policies/decision.h"

void line_reader_init(struct line_reader *reader, FILE *file, const char *name)
{
	*reader = (struct line_reader){ .file = file, .name = name };
}

void line_reader_done(struct line_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

int line_fail(struct line_reader *reader, const char *format, ...)
{
	int n = snprintf(reader->problem, sizeof(reader->problem), "%s:%u: ", reader->name,
			 reader->number);
	va_list ap;

	if (n >= 0 && (size_t)n < sizeof(reader->problem)) {
		va_start(ap, format);
		vsnprintf(reader->problem + n, sizeof(reader->problem) - (size_t)n, format, ap);
		va_end(ap);
	}
	return -EINVAL;
}

int line_split(struct line_reader *reader)
{
	char *save = NULL;

	reader->n_words = 0;
	for (char *word = strtok_r(reader->buffer, " \t\r\n", &save); word && word[0] != '#';
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (reader->n_words == LINE_WORDS_MAX)
			return line_fail(reader, "More than %d words in a line", LINE_WORDS_MAX);
		reader->words[reader->n_words++] = word;
	}
	return 0;
}

int line_next(struct line_reader *reader)
{
	int r;

	if (reader->again) {
		reader->again = false;
		return 1;
	}
	do {
		errno = 0;
		ssize_t n = getline(&reader->buffer, &reader->size, reader->file);

		if (n < 0)
			return ferror(reader->file) ? -(errno ? errno : EIO) : 0;
		reader->number++;
		if (strlen(reader->buffer) != (size_t)n)
			return line_fail(reader, "A NUL byte: this is no text file");
		/* Recorded decisions are compared as text: left whole. */
		if (reader->buffer[0] == '>') {
			reader->words[0] = reader->buffer;
			reader->n_words = 1;
			return 1;
		}
		r = line_split(reader);
		if (r < 0)
			return r;
	} while (reader->n_words == 0);
	return 1;
}

int line_rewind(struct line_reader *reader)
{
	if (fseeko(reader->file, 0, SEEK_SET) < 0)
		return -errno;
	reader->number = 0;
	reader->again = false;
	reader->problem[0] = '\0';
	return 0;
}

void line_push_back(struct line_reader *reader)
{
	reader->again = true;
}

/* Gives the text of a value in one of the tables of words. */
static int line_parse_word(enum line_kind kind, const char *text, void *ret)
{
	switch (kind) {
	case LINE_LEVEL:
		return level_from_name(text, ret);
	case LINE_SIGNAL:
		return signal_from_name(text, ret);
	case LINE_ATTRIBUTION:
		return attribution_from_name(text, ret);
	case LINE_RUNG:
		return rung_from_name(text, ret);
	case LINE_BRAKE:
		return brake_from_name(text, ret);
	case LINE_MODULE_KIND:
		return module_kind_from_name(text, ret);
	case LINE_RESULT:
		return result_from_name(text, ret);
	case LINE_REASON:
		return reason_from_name(text, ret);
	default:
		return -1;
	}
}

static int line_parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

static int line_parse_number(enum line_kind kind, const char *text, void *ret)
{
	bool negative = text[0] == '-';
	uint32_t value;
	int r;

	switch (kind) {
	case LINE_U32:
		return line_parse_u32(text, ret);
	case LINE_U64:
		return parse_u64(text, ret);
	case LINE_BYTES:
		return parse_bytes(text, ret);
	case LINE_USEC:
		return parse_usec(text, ret);
	case LINE_SHARE:
		return parse_share(text, ret);
	case LINE_SLOT:
		if (strcmp(text, "none") != 0)
			return line_parse_u32(text, ret);
		*(uint32_t *)ret = SLOT_NONE;
		return 0;
	case LINE_I32:
		r = line_parse_u32(text + negative, &value);
		if (r < 0 || value > INT32_MAX)
			return -EINVAL;
		*(int32_t *)ret = negative ? -(int32_t)value : (int32_t)value;
		return 0;
	default:
		return line_parse_word(kind, text, ret);
	}
}

static const char *line_kind_example(enum line_kind kind)
{
	switch (kind) {
	case LINE_U32:
	case LINE_U64:
		return "a whole number such as 12";
	case LINE_I32:
		return "a whole number such as -110";
	case LINE_SLOT:
		return "a slot such as 3, or none";
	case LINE_BYTES:
		return "a size such as 100M or max";
	case LINE_USEC:
		return "a time such as 500ms or 2s";
	case LINE_SHARE:
		return "a share such as 20%";
	case LINE_RUNG:
		return "warn, shed, unload or reclaim";
	case LINE_MODULE_KIND:
		return "cache, model, pool, worker or other";
	case LINE_RESULT:
		return "done, partial, busy, nothing, failed, gone, late or dry-run";
	default:
		return "one of the words in policies/words.h";
	}
}

int line_parse_value(struct line_reader *reader, enum line_kind kind, const char *key,
		     const char *text, void *ret)
{
	if (line_parse_number(kind, text, ret) < 0)
		return line_fail(reader, "%s=%s: expected %s", key, text, line_kind_example(kind));
	return 0;
}

static int line_unknown_key(struct line_reader *reader, const struct line_table *table,
			    const char *key)
{
	struct closest closest;

	closest_init(&closest, key);
	for (size_t i = 0; i < table->n_fields; i++)
		closest_offer(&closest, table->fields[i].key);
	if (closest.name)
		return line_fail(reader, "%s takes no \"%s\"; did you mean \"%s\"?", table->word,
				 key, closest.name);
	return line_fail(reader, "%s takes no \"%s\"", table->word, key);
}

static const struct line_field *line_find_field(const struct line_table *table, const char *key,
						bool flag)
{
	for (size_t i = 0; i < table->n_fields; i++)
		if (strcmp(table->fields[i].key, key) == 0 &&
		    (table->fields[i].kind == LINE_FLAG) == flag)
			return &table->fields[i];
	return NULL;
}

/* Fields that share a validity bit come together: half a reading is none. */
static int line_check_complete(struct line_reader *reader, const struct line_table *table,
			       uint64_t given, uint32_t has)
{
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct line_field *field = &table->fields[i];

		if (field->kind != LINE_FLAG && (field->bit & has) && !(given & (1ULL << i)))
			return line_fail(reader, "%s lacks %s=: it goes with what is given",
					 table->word, field->key);
	}
	return 0;
}

int line_parse(struct line_reader *reader, size_t first, const struct line_table *table, void *ret)
{
	uint64_t given = 0;
	uint32_t has = 0;

	for (size_t i = first; i < reader->n_words; i++) {
		char *key = reader->words[i], *text = strchr(key, '=');
		const struct line_field *field;
		int r;

		if (text)
			*text++ = '\0';
		field = line_find_field(table, key, !text);
		if (!field)
			return line_unknown_key(reader, table, key);
		if (given & (1ULL << (field - table->fields)))
			return line_fail(reader, "%s is given twice", key);
		given |= 1ULL << (field - table->fields);
		if (!text) {
			*(uint32_t *)((char *)ret + field->offset) |= field->bit;
			continue;
		}
		r = line_parse_value(reader, field->kind, key, text, (char *)ret + field->offset);
		if (r < 0)
			return r;
		has |= field->bit;
	}
	if (has)
		*(uint32_t *)((char *)ret + table->has_offset) |= has;
	return line_check_complete(reader, table, given, has);
}

/* Exact, so that a trace read back is the same: in the largest unit that divides. */
static void line_write_in_unit(FILE *file, uint64_t value, uint64_t unit, const char *name)
{
	fprintf(file, "%" PRIu64 "%s", value / unit, name);
}

static void line_write_bytes(FILE *file, uint64_t bytes)
{
	if (bytes == BYTES_UNLIMITED)
		fputs("max", file);
	else if (bytes && bytes % MIB == 0)
		line_write_in_unit(file, bytes, MIB, "M");
	else if (bytes && bytes % KIB == 0)
		line_write_in_unit(file, bytes, KIB, "K");
	else
		line_write_in_unit(file, bytes, 1, "");
}

static void line_write_usec(FILE *file, uint64_t usec)
{
	if (usec == USEC_NEVER)
		fputs("infinity", file);
	else if (usec % USEC_PER_SEC == 0)
		line_write_in_unit(file, usec, USEC_PER_SEC, "s");
	else if (usec % USEC_PER_MSEC == 0)
		line_write_in_unit(file, usec, USEC_PER_MSEC, "ms");
	else
		line_write_in_unit(file, usec, 1, "us");
}

static const char *line_attention_name(uint32_t attention)
{
	static const char *const names[] = {
		[ATTENTION_HOST] = "host",
		[ATTENTION_LIMITS] = "limits",
		[ATTENTION_MODULES] = "modules",
		[ATTENTION_GROUPS] = "groups",
	};

	return attention < sizeof(names) / sizeof(names[0]) ? names[attention] : "unknown";
}

static void line_write_word(FILE *file, enum line_kind kind, uint32_t value)
{
	const char *name = kind == LINE_LEVEL	      ? level_name(value)
			   : kind == LINE_SIGNAL      ? signal_name(value)
			   : kind == LINE_ATTRIBUTION ? attribution_name(value)
			   : kind == LINE_RUNG	      ? rung_name(value)
			   : kind == LINE_BRAKE	      ? brake_name(value)
			   : kind == LINE_MODULE_KIND ? module_kind_name(value)
			   : kind == LINE_RESULT      ? result_name(value)
			   : kind == LINE_REASON      ? reason_name(value)
						      : line_attention_name(value);

	fputs(name, file);
}

static void line_write_value(FILE *file, enum line_kind kind, const void *at)
{
	switch (kind) {
	case LINE_U64:
		fprintf(file, "%" PRIu64, *(const uint64_t *)at);
		break;
	case LINE_BYTES:
		line_write_bytes(file, *(const uint64_t *)at);
		break;
	case LINE_USEC:
		line_write_usec(file, *(const uint64_t *)at);
		break;
	case LINE_I32:
		fprintf(file, "%" PRId32, *(const int32_t *)at);
		break;
	case LINE_SLOT:
		if (*(const uint32_t *)at == SLOT_NONE) {
			fputs("none", file);
			break;
		}
		/* fallthrough */
	case LINE_U32:
		fprintf(file, "%" PRIu32, *(const uint32_t *)at);
		break;
	case LINE_SHARE:
		fprintf(file, "%" PRIu32 ".%02" PRIu32 "%%", *(const uint32_t *)at / 100,
			*(const uint32_t *)at % 100);
		break;
	default:
		line_write_word(file, kind, *(const uint32_t *)at);
	}
}

static bool line_is_zero(enum line_kind kind, const void *at)
{
	if (kind == LINE_U64 || kind == LINE_BYTES || kind == LINE_USEC)
		return *(const uint64_t *)at == 0;
	return *(const uint32_t *)at == 0;
}

void line_write(FILE *file, const char *prefix, const struct line_table *table, const void *value)
{
	uint32_t has = *(const uint32_t *)((const char *)value + table->has_offset);

	fprintf(file, "%s%s", prefix, table->word);
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct line_field *field = &table->fields[i];
		const void *at = (const char *)value + field->offset;

		if (field->kind == LINE_FLAG) {
			if (*(const uint32_t *)at & field->bit)
				fprintf(file, " %s", field->key);
			continue;
		}
		if (field->bit ? !(has & field->bit) : line_is_zero(field->kind, at))
			continue;
		fprintf(file, " %s=", field->key);
		line_write_value(file, field->kind, at);
	}
	fputc('\n', file);
}
