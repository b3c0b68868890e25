/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Members: groups and modules come, are seen again, and go
 *
 * Internal to the policies. What an observation does not cover stays as it was.
 */

#include "policies/step.h"

/* Takes over the machine's and the groups' readings and forms their judgements' raw material. */
void members_see_groups(struct step *step);

/* Takes over the modules' readings; with OBSERVED_MODULES, those not listed are gone. */
void members_see_modules(struct step *step);

/* Forgets groups whose reading said that they are gone. After their outcomes were booked. */
void members_forget_gone_groups(struct step *step);
