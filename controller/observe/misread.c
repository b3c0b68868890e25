/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/observe/misread.h"

#include "controller/base/log.h"
#include "controller/observe/machine.h"
#include "controller/observe/memory_files.h"

#define RETRY_FIRST_USEC (500 * USEC_PER_MSEC)
/* A look costs some 100 us: a file that is wrong for good costs a thousandth of a percent. */
#define RETRY_LAST_USEC (8 * USEC_PER_SEC)
/* Said when it begins, and again when it is still so or comes back, but not more often. */
#define PAUSE_USEC (60 * USEC_PER_SEC)

#define AND_THEN "what makes no sense is left out, and looked at again within seconds"

void misread_begin(struct misread *m, uint64_t now_usec)
{
	m->now_usec = now_usec;
	m->any = false;
}

static bool misread_is_due(uint64_t *said_usec, uint64_t now_usec)
{
	if (*said_usec != 0 && now_usec < *said_usec + PAUSE_USEC)
		return false;
	*said_usec = now_usec;
	return true;
}

void misread_note_host(struct misread *m, uint32_t files)
{
	if (files == 0)
		return;
	m->any = true;
	if (!misread_is_due(&m->host_said_usec, m->now_usec))
		return;
	for (uint32_t file = 1; file != 0 && file <= files; file <<= 1)
		if (files & file)
			log_warning("Cannot read or understand all of %s: " AND_THEN,
				    machine_file_name((enum machine_file)file));
}

void misread_note_group(struct misread *m, const struct group *group, uint32_t fields)
{
	enum group_field first = (enum group_field)(fields & -fields);

	if (fields == 0)
		return;
	m->any = true;
	if (misread_is_due(&m->group_said_usec, m->now_usec))
		log_warning("Cannot read or understand all of %s of %s: " AND_THEN,
			    memory_file_name(first), group->shown);
}

uint64_t misread_end(struct misread *m)
{
	if (!m->any) {
		m->retry_delay_usec = 0;
		return 0;
	}
	if (m->retry_delay_usec == 0)
		m->retry_delay_usec = RETRY_FIRST_USEC;
	else if (m->now_usec >= m->retry_usec)
		m->retry_delay_usec = u64_min(2 * m->retry_delay_usec, RETRY_LAST_USEC);
	else
		return m->retry_usec;
	m->retry_usec = m->now_usec + m->retry_delay_usec;
	return m->retry_usec;
}
