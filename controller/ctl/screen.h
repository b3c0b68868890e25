/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Screen: text over the whole terminal, and keys (ncurses)
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the terminal over. Returns: false when $TERM names none that it can draw on. */
bool screen_open(void);
/* Gives it back, as it was, and says what was said on stderr in between. */
void screen_close(void);
/*
 * title: one line. table: lines, the first a heading. levels: of the lines below it, NULL for
 * those without; n of them. keys: the last line.
 */
void screen_draw(const char *title, const char *table, const char *const *levels, size_t n,
		 const char *keys);
/* Lines of a table that fit, its heading not counted. */
uint32_t screen_lines(void);
/* Returns: a key; 0 after wait_usec without one; SCREEN_RESIZED. */
#define SCREEN_RESIZED -1
int screen_key(uint64_t wait_usec);
