/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/screen.h"

#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "controller/ctl/output.h"

/* Title, heading, keys */
#define FRAME_LINES 3

enum {
	PAIR_MEDIUM = 1,
	PAIR_HIGH,
	PAIR_CRITICAL,
};

static const struct {
	const char *level;
	short pair, colour;
} level_pairs[] = {
	{ "medium", PAIR_MEDIUM, COLOR_YELLOW },
	{ "high", PAIR_HIGH, COLOR_MAGENTA },
	{ "critical", PAIR_CRITICAL, COLOR_RED },
};

#define N_PAIRS (sizeof(level_pairs) / sizeof(level_pairs[0]))

static SCREEN *screen;
/* What is said while the screen is up would be drawn over: it is kept until the end. */
static char said[4096];

bool screen_open(void)
{
	setlocale(LC_ALL, "");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	setvbuf(stderr, said, _IOFBF, sizeof(said));
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	if (output_colours() && has_colors()) {
		start_color();
		use_default_colors();
		for (size_t i = 0; i < N_PAIRS; i++)
			init_pair(level_pairs[i].pair, level_pairs[i].colour, -1);
	}
	return true;
}

void screen_close(void)
{
	endwin();
	delscreen(screen);
	fflush(stderr);
	setvbuf(stderr, NULL, _IONBF, 0);
}

static attr_t screen_attributes_of(const char *level)
{
	for (size_t i = 0; level && i < N_PAIRS; i++)
		if (strcmp(level, level_pairs[i].level) == 0)
			return (attr_t)COLOR_PAIR(level_pairs[i].pair) | A_BOLD;
	return A_NORMAL;
}

/* What is too long is cut. */
static void screen_draw_line(int y, attr_t attributes, const char *text, size_t length)
{
	move(y, 0);
	clrtobot();
	attrset((int)attributes);
	addnstr(text, (int)(length < (size_t)COLS ? length : (size_t)COLS));
	attrset(A_NORMAL);
}

void screen_draw(const char *title, const char *table, const char *const *levels, size_t n,
		 const char *keys)
{
	int y = 1;

	screen_draw_line(0, A_BOLD, title, strlen(title));
	for (size_t i = 0; *table && y < LINES - 1; i++, y++) {
		size_t length = strcspn(table, "\n");
		const char *level = i > 0 && i <= n ? levels[i - 1] : NULL;

		screen_draw_line(y, i == 0 ? A_REVERSE : screen_attributes_of(level), table,
				 length);
		table += length + (table[length] == '\n');
	}
	move(y, 0);
	clrtobot();
	screen_draw_line(LINES - 1, A_DIM, keys, strlen(keys));
	refresh();
}

uint32_t screen_lines(void)
{
	return LINES > FRAME_LINES ? (uint32_t)(LINES - FRAME_LINES) : 1;
}

int screen_key(uint64_t wait_usec)
{
	int key;

	timeout((int)(wait_usec / 1000));
	key = getch();
	if (key == KEY_RESIZE)
		return SCREEN_RESIZED;
	return key == ERR ? 0 : key;
}
