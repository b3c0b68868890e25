/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "policies/brake.h"

void brake_run(struct step *step)
{
}

void brake_forget(struct step *step, struct group_state *group)
{
}
