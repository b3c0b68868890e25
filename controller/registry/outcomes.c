/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller/registry/outcomes.h"

#include "controller/base/log.h"

void outcomes_init(struct outcomes *outcomes, const struct wake *wake)
{
	outcomes->first = outcomes->n = 0;
	outcomes->n_lost = 0;
	outcomes->wake = *wake;
}

void outcomes_add(struct outcomes *outcomes, const struct outcome *outcome)
{
	if (outcomes->n == OUTCOMES_MAX) {
		if (outcomes->n_lost++ == 0)
			log_warning("More than %d actions ended at once; some will count as late",
				    OUTCOMES_MAX);
		return;
	}
	outcomes->ring[(outcomes->first + outcomes->n++) % OUTCOMES_MAX] = *outcome;
	wake_up(&outcomes->wake);
}

void outcomes_collect(struct outcomes *outcomes, struct observation *observation)
{
	while (outcomes->n > 0) {
		struct outcome *outcome = observation_add_outcome(observation);

		if (!outcome)
			break;
		*outcome = outcomes->ring[outcomes->first];
		outcomes->first = (outcomes->first + 1) % OUTCOMES_MAX;
		outcomes->n--;
	}
	if (outcomes->n > 0)
		wake_up(&outcomes->wake);
}
