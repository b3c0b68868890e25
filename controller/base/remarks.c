/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/base/remarks.h"

#include <stdarg.h>

void remarks_add(struct remarks *remarks, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n = -1;

	va_start(args, format);
	if (remarks->n < REMARKS_MAX)
		n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		remarks->n_left_out++;
	else
		remarks->list[remarks->n++] = text;
}

void remarks_done(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++)
		free(remarks->list[i]);
	*remarks = (struct remarks){};
}
