/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edit distance (insert, delete, replace), one row of the classic table at a time:
 *
 *            candidate[j-1]  candidate[j]
 *   wanted[i-1]   diagonal       row[j]   (still of the row above)
 *   wanted[i]     row[j-1]       = the least of the three, plus one edit
 */

#include "controller/base/closest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* No name of ours is longer; of a longer word only this much is compared. */
#define CLOSEST_NAME_MAX 40

static size_t closest_min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static size_t closest_edit_distance(const char *a, const char *b)
{
	size_t n_a = strnlen(a, CLOSEST_NAME_MAX), n_b = strnlen(b, CLOSEST_NAME_MAX);
	size_t row[CLOSEST_NAME_MAX + 1];

	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t above = row[j];
			int same = tolower((unsigned char)a[i - 1]) ==
				   tolower((unsigned char)b[j - 1]);

			row[j] = closest_min3(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[n_b];
}

void closest_init(struct closest *closest, const char *wanted)
{
	*closest = (struct closest){ .wanted = wanted, .distance = SIZE_MAX };
}

void closest_offer(struct closest *closest, const char *candidate)
{
	size_t distance = closest_edit_distance(closest->wanted, candidate);

	if (distance * 3 > strlen(candidate) + 2 || distance >= closest->distance)
		return;
	closest->name = candidate;
	closest->distance = distance;
}
