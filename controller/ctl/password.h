/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Password: polkit's text agent on this terminal
 */

#include "controller/ctl/ctl.h"

/*
 * Starts pkttyagent and waits until it has registered, when a password may be asked for: on a
 * terminal, not as root, without --no-ask-password. It ends with this program. Without one polkit
 * simply says no.
 */
void password_agent_start(const struct ctl *ctl);
