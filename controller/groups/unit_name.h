/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unit name: what a cgroup path says about systemd units, pods and containers
 *
 * Pure string work; no bus, no API server.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * The innermost unit of a path: "/system.slice/foo.service/worker" -> "foo.service"; systemd's
 * escaping of cgroup names (a leading "_") is undone.
 * Returns: true and buf filled, or false when no element is a unit name or it does not fit.
 */
bool unit_name_from_path(const char *path, char *buf, size_t size);
/* The unit name of a single path element: a leading "_" (systemd's escaping) is skipped. */
const char *unit_name_unescape(const char *element);
/* The pod's UID of a kubepods path (systemd or cgroupfs driver), dashes restored. */
bool pod_uid_from_path(const char *path, char *buf, size_t size);
/* The container id of a container runtime's cgroup (cri-containerd, crio, docker, libpod). */
bool container_id_from_path(const char *path, char *buf, size_t size);
