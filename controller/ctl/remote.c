/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/remote.h"

#include <errno.h>
#include <string.h>

#include "controller/ctl/api.h"
#include "controller/ctl/error_text.h"

int remote_connect(sd_bus **ret)
{
	int r;

	r = sd_bus_open_system(ret);
	if (r >= 0)
		return CTL_OK;
	ctl_error(
		"Cannot reach the system bus: %s (is dbus running? reliefctl doctor needs no bus)",
		strerror(-r));
	return CTL_UNKNOWN;
}

int remote_error(const sd_bus_error *error, int r, const char *what)
{
	struct error_text sentence;

	error_text_fill(&sentence, error->name, error->message, r, ctl_verb_name());
	if (sentence.status == CTL_NOT_RUNNING)
		ctl_error("%s", sentence.text);
	else
		ctl_error("%s: %s", what, sentence.text);
	return sentence.status;
}

static int remote_call_v(const struct ctl *ctl, sd_bus *bus, const char *path,
			 const char *interface, const char *member, uint64_t timeout_usec,
			 sd_bus_error *error, sd_bus_message **ret_reply, const char *types,
			 va_list args)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, API_NAME, path, interface, member);
	if (r < 0)
		return r;
	r = sd_bus_message_set_auto_start(call, false);
	if (r < 0)
		return r;
	r = sd_bus_message_set_allow_interactive_authorization(call, ctl && ctl->ask_password);
	if (r < 0)
		return r;
	if (types) {
		r = sd_bus_message_appendv(call, types, args);
		if (r < 0)
			return r;
	}
	return sd_bus_call(bus, call, timeout_usec, error, ret_reply);
}

int remote_call(const struct ctl *ctl, sd_bus *bus, const char *path, const char *interface,
		const char *member, uint64_t timeout_usec, sd_bus_error *error,
		sd_bus_message **ret_reply, const char *types, ...)
{
	va_list args;
	int r;

	va_start(args, types);
	r = remote_call_v(ctl, bus, path, interface, member, timeout_usec, error, ret_reply, types,
			  args);
	va_end(args);
	return r;
}

/* D-Bus to JSON */

static json_object *remote_json_number(uint64_t value)
{
	return value == UINT64_MAX ? NULL : json_object_new_uint64(value);
}

static int remote_read_basic(sd_bus_message *message, char type, json_object **ret)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} v;
	int r;

	r = sd_bus_message_read_basic(message, type, &v);
	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		*ret = json_object_new_int(v.y);
		break;
	case 'b':
		*ret = json_object_new_boolean(v.b);
		break;
	case 'n':
		*ret = json_object_new_int(v.n);
		break;
	case 'q':
		*ret = json_object_new_int(v.q);
		break;
	case 'i':
		*ret = json_object_new_int(v.i);
		break;
	case 'u':
		*ret = json_object_new_int64(v.u);
		break;
	case 'x':
		*ret = json_object_new_int64(v.x);
		break;
	case 't':
		*ret = remote_json_number(v.t);
		break;
	case 'd':
		*ret = json_object_new_double(v.d);
		break;
	case 's':
	case 'o':
	case 'g':
		*ret = json_object_new_string(v.s);
		break;
	default: /* a descriptor means nothing to our reader */
		*ret = NULL;
	}
	return 0;
}

static int remote_read_dict_entry(sd_bus_message *message, const char *contents, json_object *dict)
{
	json_object *value = NULL;
	const char *key;
	int r;

	r = sd_bus_message_enter_container(message, 'e', contents);
	if (r < 0)
		return r;
	r = sd_bus_message_read_basic(message, contents[0], &key);
	if (r < 0)
		return r;
	r = remote_read_json(message, &value);
	if (r < 0)
		return r;
	json_object_object_add(dict, key, value);
	return sd_bus_message_exit_container(message);
}

static int remote_read_elements(sd_bus_message *message, json_object *array)
{
	json_object *value;
	int r;

	while ((r = sd_bus_message_at_end(message, false)) == 0) {
		r = remote_read_json(message, &value);
		if (r < 0)
			return r;
		json_object_array_add(array, value);
	}
	return r < 0 ? r : 0;
}

static int remote_read_dict(sd_bus_message *message, const char *contents, json_object *dict)
{
	_cleanup_free_ char *pair = strndup(contents + 1, strlen(contents) - 2);
	int r;

	if (!pair)
		return -ENOMEM;
	while ((r = sd_bus_message_at_end(message, false)) == 0) {
		r = remote_read_dict_entry(message, pair, dict);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

static int remote_read_container(sd_bus_message *message, char type, const char *contents,
				 json_object **ret)
{
	/* Keys of JSON objects are strings; no interface of ours has other ones. */
	bool is_dict = type == 'a' && contents[0] == '{' && strchr("so", contents[1]);
	json_object *value = NULL;
	int r;

	r = sd_bus_message_enter_container(message, type, contents);
	if (r < 0)
		return r;
	if (type == 'v') {
		r = remote_read_json(message, &value);
	} else if (is_dict) {
		value = json_object_new_object();
		r = remote_read_dict(message, contents, value);
	} else {
		value = json_object_new_array();
		r = remote_read_elements(message, value);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0) {
		json_object_put(value);
		return r;
	}
	*ret = value;
	return 0;
}

int remote_read_json(sd_bus_message *message, json_object **ret)
{
	const char *contents;
	char type;
	int r;

	r = sd_bus_message_peek_type(message, &type, &contents);
	if (r < 0)
		return r;
	if (r == 0)
		return -EBADMSG;
	if (contents)
		return remote_read_container(message, type, contents, ret);
	return remote_read_basic(message, type, ret);
}

int remote_get_all(sd_bus *bus, const char *path, const char *interface, json_object **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = remote_call(NULL, bus, path, DBUS_I_PROPS, "GetAll", 0, &error, &reply, "s", interface);
	if (r >= 0)
		r = remote_read_json(reply, ret);
	if (sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT) &&
	    strncmp(path, API_MODULE, strlen(API_MODULE)) == 0)
		return ctl_error("There is no module m%s; reliefctl list modules shows those that "
				 "are registered",
				 path + strlen(API_MODULE));
	return r < 0 ? remote_error(&error, r, "Cannot read from reliefd") : CTL_OK;
}

static void remote_sort_object(struct remote_objects *objects, json_object *interfaces)
{
	static const char *const names[] = { API_I_MANAGER, API_I_GROUP, API_I_MODULE };
	json_object *props;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!json_object_object_get_ex(interfaces, names[i], &props))
			continue;
		if (i == 0) {
			json_object_put(objects->manager);
			objects->manager = json_object_get(props);
		} else {
			json_object_array_add(i == 1 ? objects->groups : objects->modules,
					      json_object_get(props));
		}
	}
}

static int remote_compare_groups(const void *a, const void *b)
{
	return strcmp(props_string(*(json_object *const *)a, API_CONTROL_GROUP),
		      props_string(*(json_object *const *)b, API_CONTROL_GROUP));
}

static int remote_compare_modules(const void *a, const void *b)
{
	uint64_t x = props_u64(*(json_object *const *)a, API_ID);
	uint64_t y = props_u64(*(json_object *const *)b, API_ID);

	return (x > y) - (x < y);
}

int remote_get_objects(sd_bus *bus, struct remote_objects *ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_json_ json_object *all = NULL;
	int r;

	r = remote_call(NULL, bus, API_PATH, DBUS_I_OBJECTS, "GetManagedObjects", 0, &error, &reply,
			NULL);
	if (r >= 0)
		r = remote_read_json(reply, &all);
	if (r < 0)
		return remote_error(&error, r, "Cannot read from reliefd");
	*ret = (struct remote_objects){
		.groups = json_object_new_array(),
		.modules = json_object_new_array(),
	};
	json_object_object_foreach(all, path, interfaces)
	{
		(void)path;
		remote_sort_object(ret, interfaces);
	}
	json_object_array_sort(ret->groups, remote_compare_groups);
	json_object_array_sort(ret->modules, remote_compare_modules);
	/* An object manager need not list the object it sits on. */
	if (ret->manager)
		return CTL_OK;
	r = remote_get_all(bus, API_PATH, API_I_MANAGER, &ret->manager);
	if (r != CTL_OK)
		remote_objects_done(ret);
	return r;
}

void remote_objects_done(struct remote_objects *objects)
{
	json_object_put(objects->manager);
	json_object_put(objects->groups);
	json_object_put(objects->modules);
	*objects = (struct remote_objects){};
}

const char *props_string(json_object *props, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(props, name, &value) || !value)
		return "";
	return json_object_get_string(value);
}

uint64_t props_u64(json_object *props, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(props, name, &value) || !value)
		return UINT64_MAX;
	return json_object_get_uint64(value);
}

int64_t props_i64(json_object *props, const char *name)
{
	json_object *value;

	return json_object_object_get_ex(props, name, &value) ? json_object_get_int64(value) : 0;
}

bool props_bool(json_object *props, const char *name)
{
	json_object *value;

	return json_object_object_get_ex(props, name, &value) && json_object_get_boolean(value);
}
