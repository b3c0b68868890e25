/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/publish/bus_error.h"

#include <errno.h>
#include <systemd/sd-bus.h>

static const sd_bus_error_map errors[] = {
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_SUCH_MODULE, ENOENT),
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_SUCH_GROUP, ENXIO),
	SD_BUS_ERROR_MAP(BUS_ERROR_NOT_OWNER, EPERM),
	SD_BUS_ERROR_MAP(BUS_ERROR_MASKED, EACCES),
	SD_BUS_ERROR_MAP(BUS_ERROR_TOO_MANY_MODULES, EDQUOT),
	SD_BUS_ERROR_MAP(BUS_ERROR_TOO_MANY_ORDERS, EBUSY),
	SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_ARGUMENT, EINVAL),
	SD_BUS_ERROR_MAP(BUS_ERROR_POLICY_INVALID, EBADMSG),
	SD_BUS_ERROR_MAP(BUS_ERROR_NOT_SUPPORTED, EOPNOTSUPP),
	SD_BUS_ERROR_MAP_END,
};

int bus_error_register(void)
{
	int r = sd_bus_error_add_map(errors);

	return r < 0 ? r : 0;
}
