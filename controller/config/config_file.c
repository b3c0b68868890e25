/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libeconf reads, but not what the administrator wrote:
 *
 *    file ──▶ check each line, tag each key ──▶ memfd ──▶ libeconf ──▶ assignments by line
 *             "Units=x" in line 12 becomes "Units:12=x"
 *
 * libeconf 0.5 keeps only the first of equal keys (and with $ECONF_JOIN_SAME_ENTRIES loses equal
 * keys of different sections), while "Units=" followed by "Units=x" is how a drop-in replaces a
 * list. The tag makes every key unique, and tells the line. libeconf also takes a line without "="
 * for the rest of the value above, cuts lines at its buffer, and ignores "=x"; the check refuses
 * those.
 */

#include "controller/config/config_file.h"

#include <fcntl.h>
#include <libeconf.h>
#include <libeconf_ext.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "controller/base/file.h"

/* The longest shipped profile has 6 KiB, most of it comments. */
#define CONFIG_FILE_MAX (64 * 1024)
/* libeconf reads lines into BUFSIZ (8192) bytes. */
#define CONFIG_LINE_MAX 4096
/* Thirty times as many as there are settings; libeconf needs n² string compares. */
#define CONFIG_ASSIGNMENTS_MAX 1024

#define BLANKS " \t\r"

int config_problem(char **ret_problem, int error, const char *path, unsigned line,
		   const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	char *problem;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return -ENOMEM;
	}
	if (!ret_problem)
		return error;
	n = line ? asprintf(&problem, "%s:%u: %s", path, line, text)
		 : asprintf(&problem, "%s: %s", path, text);
	if (n < 0)
		return -ENOMEM;
	*ret_problem = problem;
	return error;
}

/* The walk over the text that writes the tagged copy. */
struct tagging {
	const char *path;
	unsigned line;
	bool in_section;
	unsigned n_assignments;
	FILE *copy;
	char **ret_problem;
};

#define tagging_problem(t, ...) \
	config_problem((t)->ret_problem, -EINVAL, (t)->path, (t)->line, __VA_ARGS__)

/* Comments may be in any language; names and values are ASCII. */
static int config_file_check_characters(struct tagging *t, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > '~' || (c < ' ' && c != '\t' && c != '\r'))
			return tagging_problem(t,
					       "byte 0x%02x is not a printable ASCII character; "
					       "remove it",
					       c);
	}
	return 0;
}

static int config_file_tag_assignment(struct tagging *t, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	size_t key_length = equals ? (size_t)(equals - text) : 0;

	if (!equals)
		return tagging_problem(t, "'%.*s' has no '='; write Key=value", (int)length, text);
	while (key_length > 0 && strchr(BLANKS, text[key_length - 1]))
		key_length--;
	if (key_length == 0)
		return tagging_problem(t, "nothing stands before '='; write Key=value");
	if (!t->in_section)
		return tagging_problem(t,
				       "%.*s= stands before the first section; put it below its "
				       "[Section]",
				       (int)key_length, text);
	if (++t->n_assignments > CONFIG_ASSIGNMENTS_MAX)
		return tagging_problem(t, "more than %d assignments; split the file",
				       CONFIG_ASSIGNMENTS_MAX);
	fprintf(t->copy, "%.*s:%u=%.*s", (int)key_length, text, t->line,
		(int)(length - (size_t)(equals + 1 - text)), equals + 1);
	return 0;
}

static size_t config_file_length_without_comment(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == '#' || text[i] == ';')
			return i;
	return length;
}

static int config_file_tag_line(struct tagging *t, const char *text, size_t length)
{
	int r;

	if (length > CONFIG_LINE_MAX)
		return tagging_problem(t, "the line has %zu characters; at most %d are read",
				       length, CONFIG_LINE_MAX);
	while (length > 0 && text[0] && strchr(BLANKS, text[0])) {
		text++;
		length--;
	}
	length = config_file_length_without_comment(text, length);
	while (length > 0 && text[length - 1] && strchr(BLANKS, text[length - 1]))
		length--;
	if (length == 0)
		return 0;
	r = config_file_check_characters(t, text, length);
	if (r < 0)
		return r;
	if (text[0] != '[')
		return config_file_tag_assignment(t, text, length);
	t->in_section = true;
	fprintf(t->copy, "%.*s", (int)length, text);
	return 0;
}

static int config_file_tag_text(struct tagging *t, const char *text, size_t length)
{
	const char *end = text + length;
	int r;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_length = (size_t)((newline ? newline : end) - text);

		t->line++;
		r = config_file_tag_line(t, text, line_length);
		if (r < 0)
			return r;
		fputc('\n', t->copy); /* keeps the line numbers of libeconf's errors right */
		text += line_length + 1;
	}
	return fflush(t->copy) < 0 ? -errno : 0;
}

static const char *config_file_econf_error_text(econf_err error)
{
	switch (error) {
	case ECONF_MISSING_BRACKET:
		return "the section has no ']'; write [Section]";
	case ECONF_EMPTY_SECTION_NAME:
		return "the section has no name; write [Section]";
	case ECONF_TEXT_AFTER_SECTION:
		return "text follows the section; put it on the next line";
	case ECONF_MISSING_DELIMITER:
		return "the key has a blank in it; write Key=value";
	default:
		return econf_errString(error);
	}
}

static int config_file_econf_problem(econf_err error, const char *path, char **ret_problem)
{
	_cleanup_free_ char *copy = NULL;
	uint64_t line = 0;

	if (error == ECONF_NOMEM)
		return -ENOMEM;
	econf_errLocation(&copy, &line);
	return config_problem(ret_problem, -EINVAL, path, (unsigned)line, "%s",
			      config_file_econf_error_text(error));
}

DEFINE_CLEANUP(econf_file *, econf_freeFile);
DEFINE_CLEANUP(econf_ext_value *, econf_freeExtValue);
DEFINE_CLEANUP(char **, econf_freeArray);

static int config_file_add_assignment(struct config_file *config, const char *path,
				      const char *section, const char *tagged_key,
				      const char *value)
{
	const char *tag = strrchr(tagged_key, ':');
	struct assignment *a;

	a = reallocarray(config->assignments, config->n + 1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	config->assignments = a;
	a += config->n;
	*a = (struct assignment){
		.path = path,
		.line = (unsigned)strtoul(tag + 1, NULL, 10),
		.section = strdup(section),
		.key = strndup(tagged_key, (size_t)(tag - tagged_key)),
		.value = strdup(value),
	};
	config->n++;
	return a->section && a->key && a->value ? 0 : -ENOMEM;
}

static int config_file_take_section(struct config_file *config, econf_file *file, const char *path,
				    const char *section)
{
	_cleanup_(econf_freeArray_cleanup) char **keys = NULL;
	size_t n_keys = 0;
	int r;

	/* A section without keys is no error. */
	if (econf_getKeys(file, section, &n_keys, &keys) != ECONF_SUCCESS)
		return 0;
	for (size_t i = 0; i < n_keys; i++) {
		_cleanup_(econf_freeExtValue_cleanup) econf_ext_value *value = NULL;

		if (econf_getExtValue(file, section, keys[i], &value) != ECONF_SUCCESS)
			return -ENOMEM;
		r = config_file_add_assignment(config, path, section, keys[i],
					       value->values && value->values[0] ? value->values[0]
										 : "");
		if (r < 0)
			return r;
	}
	return 0;
}

static bool config_file_listed_before(char **names, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(names[j], names[i]) == 0)
			return true;
	return false;
}

static int config_file_compare_lines(const void *a, const void *b)
{
	const struct assignment *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static int config_file_take_assignments(struct config_file *config, econf_file *file,
					const char *path)
{
	_cleanup_(econf_freeArray_cleanup) char **sections = NULL;
	size_t n_sections = 0;
	econf_err error;
	int r;

	error = econf_getGroups(file, &n_sections, &sections);
	if (error != ECONF_SUCCESS)
		return error == ECONF_NOGROUP ? 0 : -ENOMEM;
	for (size_t i = 0; i < n_sections; i++) {
		if (config_file_listed_before(sections, i)) /* once for every time it is opened */
			continue;
		r = config_file_take_section(config, file, path, sections[i]);
		if (r < 0)
			return r;
	}
	if (config->n > 0)
		qsort(config->assignments, config->n, sizeof(*config->assignments),
		      config_file_compare_lines);
	return 0;
}

int config_file_parse(const char *text, size_t length, const char *path, struct config_file *ret,
		      char **ret_problem)
{
	struct config_file config = {};
	struct tagging tagging = { .path = path, .ret_problem = ret_problem };
	_cleanup_(econf_freeFile_cleanup) econf_file *file = NULL;
	_cleanup_file_ FILE *copy = NULL;
	_cleanup_fd_ int fd = -1;
	char fd_path[32];
	econf_err error;
	int r;

	fd = memfd_create("reliefd-config", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
	copy = fdopen(fd, "w");
	if (!copy)
		return -errno;
	take_fd(fd);
	tagging.copy = copy;
	r = config_file_tag_text(&tagging, text, length);
	if (r < 0)
		return r;
	error = econf_readFile(&file, fd_path, "=", "#;");
	if (error != ECONF_SUCCESS)
		return config_file_econf_problem(error, path, ret_problem);
	r = config_file_take_assignments(&config, file, path);
	if (r < 0) {
		config_file_done(&config);
		return r;
	}
	*ret = config;
	return 0;
}

static int config_file_open_regular(const char *path)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	/* O_NONBLOCK: a FIFO must not stop us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EBADFD;
	return take_fd(fd);
}

int config_file_text(const char *path, char **ret_text, size_t *ret_length, char **ret_problem)
{
	_cleanup_fd_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	ssize_t length;

	fd = config_file_open_regular(path);
	if (fd == -EISDIR || fd == -EBADFD)
		return config_problem(ret_problem, -EINVAL, path, 0,
				      "not a regular file; name a text file");
	if (fd < 0)
		return config_problem(ret_problem, fd, path, 0, "cannot be opened: %s",
				      strerror(-fd));
	text = malloc(CONFIG_FILE_MAX + 1);
	if (!text)
		return -ENOMEM;
	length = file_read_fd(fd, text, CONFIG_FILE_MAX + 1);
	if (length == -EFBIG)
		return config_problem(ret_problem, -EFBIG, path, 0,
				      "larger than %d KiB; split it into drop-ins",
				      CONFIG_FILE_MAX / 1024);
	if (length < 0)
		return config_problem(ret_problem, (int)length, path, 0, "cannot be read: %s",
				      strerror((int)-length));
	*ret_text = take_ptr(text);
	*ret_length = (size_t)length;
	return 0;
}

int config_file_read(const char *path, struct config_file *ret, char **ret_problem)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = config_file_text(path, &text, &length, ret_problem);
	if (r < 0)
		return r;
	r = config_file_parse(text, length, path, ret, ret_problem);
	/* What the parser needs itself has run out: the file is not to blame, but not read either.
	 */
	if (r < 0 && r != -ENOMEM && !*ret_problem)
		return config_problem(ret_problem, r, path, 0, "cannot be parsed: %s; try again",
				      strerror(-r));
	return r;
}

void config_file_done(struct config_file *config)
{
	for (size_t i = 0; i < config->n; i++) {
		free(config->assignments[i].section);
		free(config->assignments[i].key);
		free(config->assignments[i].value);
	}
	free(config->assignments);
	*config = (struct config_file){};
}
