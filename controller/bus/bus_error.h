/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Errors: their names on the bus
 *
 * Handlers return sd_bus_error_setf(error, BUS_ERROR_X, ...) with a sentence that names the thing
 * and the fix; the map in bus_error.c turns the name into the errno that clients using sd-bus see.
 */

#define BUS_ERROR_NO_SUCH_MODULE   "org.reliefd.Relief1.Error.NoSuchModule"
#define BUS_ERROR_NO_SUCH_GROUP	   "org.reliefd.Relief1.Error.NoSuchGroup"
#define BUS_ERROR_NOT_OWNER	   "org.reliefd.Relief1.Error.NotOwner"
#define BUS_ERROR_MASKED	   "org.reliefd.Relief1.Error.Masked"
#define BUS_ERROR_TOO_MANY_MODULES "org.reliefd.Relief1.Error.TooManyModules"
#define BUS_ERROR_TOO_MANY_ORDERS  "org.reliefd.Relief1.Error.TooManyOrders"
#define BUS_ERROR_EXCLUDED	   "org.reliefd.Relief1.Error.Excluded"
#define BUS_ERROR_INVALID_ARGUMENT "org.reliefd.Relief1.Error.InvalidArgument"
#define BUS_ERROR_POLICY_INVALID   "org.reliefd.Relief1.Error.PolicyInvalid"
#define BUS_ERROR_NOT_SUPPORTED	   "org.reliefd.Relief1.Error.NotSupported"

/* Registers the map with sd-bus, once a process. Returns: 0 or negative errno. */
int bus_error_register(void);
