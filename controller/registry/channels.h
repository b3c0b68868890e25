/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Channels: module owners on a SOCK_SEQPACKET connection
 *
 * The message format and the conversation are in relief/message.h.
 */

#include "controller/registry/registry.h"

struct channels;

int channels_new(struct channels **ret, struct registry *registry, sd_event *event);
struct channels *channels_free(struct channels *channels);
DEFINE_CLEANUP(struct channels *, channels_free);

/*
 * Listens at path (mode 0666: everybody may register, within quotas), replacing a stale socket; or
 * on the listening descriptor that systemd passed, when fd is not -1 (taken over).
 */
int channels_listen(struct channels *channels, const char *path, int fd);
/*
 * RegisterFD: makes a connected pair for this client, registers the module on our end, and
 * returns the other end, which the caller owns. A later message on it may register more.
 */
int channels_register(struct channels *channels, const struct client *client,
		      const struct module_description *description, struct module **ret,
		      int *ret_fd, const char **ret_problem);
