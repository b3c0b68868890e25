/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Group name: what a table calls a cgroup
 *
 *    /system.slice/db.service                     db.service
 *    /system.slice/db.service/worker              db.service/worker
 *    /machine.slice/libpod-0123…64 digits….scope  libpod-0123456789ab.scope
 *    /kubepods.slice/…-pod0f6b….slice             shop/web-0, or pod 0f6b2a3c
 *    the same/cri-containerd-0123….scope          shop/web-0/0123456789ab
 *
 * Namespace and name of a pod are those of its directory in /var/log/pods, where the kubelet keeps
 * it; without that the first digits of its UID stand for it. What a terminal would not print is
 * written \xNN. With --full the path is the name.
 */

#include "controller/ctl/ctl.h"

/* Paths are PATH_MAX at most; escaping does not make them longer than this. */
#define GROUP_NAME_SIZE 1024

/* Returns: buf. A name that does not fit is cut. */
char *group_name(const struct ctl *ctl, const char *path, char *buf, size_t size);
/* The whole path, but short names for pods and containers. */
char *group_name_path(const struct ctl *ctl, const char *path, char *buf, size_t size);
/* One or more elements of a path, without what is above them. */
char *group_name_below(const struct ctl *ctl, const char *path, size_t skip, char *buf,
		       size_t size);
/* A pod by its UID: namespace/name, or "pod 0f6b2a3c". */
char *group_name_pod(const struct ctl *ctl, const char *uid, char *buf, size_t size);
