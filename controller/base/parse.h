/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Parse: text to numbers and back, strictly
 *
 * The whole string must be the value; surrounding blanks, signs and rubbish are refused.
 * Returns: 0 and *ret; -EINVAL not such a value; -ERANGE too large.
 */

#include <stddef.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t *ret);
/* "1048576", "16M", "1.5G" (1024 based, K M G T), "max" or "infinity" for UINT64_MAX. */
int parse_bytes(const char *text, uint64_t *ret_bytes);
/* systemd.time(7) spans: "500ms", "2s", "1min 30s", "1h", bare number = seconds. */
int parse_usec(const char *text, uint64_t *ret_usec);
/* "20%", "2.5%", "0.3" (a fraction) to basis points, 0 to 10000. */
int parse_share(const char *text, uint32_t *ret_bp);

/* For people: "1.5G", "512M", "300K", "17B"; always fits 16 bytes; returns buf. */
char *format_bytes(uint64_t bytes, char *buf, size_t size);
/* For people: "500ms", "1.5s", "2min 3s", "infinity"; always fits 32 bytes; returns buf. */
char *format_usec(uint64_t usec, char *buf, size_t size);
