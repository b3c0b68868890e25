/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/groups/unit_name.h"
#include "fixture.h"

#define ID		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID		"8f3a1c52-7f1e-4b7a-9d55-0c1e6a2b3c4d"
#define UID_UNDERSCORED "8f3a1c52_7f1e_4b7a_9d55_0c1e6a2b3c4d"
#define STATIC_UID	"4d3f8a1c527f1e4b7a9d550c1e6a2b3c"

struct row {
	const char *path;
	const char *answer; /* NULL: none */
};

static void check(bool (*ask)(const char *, char *, size_t), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char buf[256] = "";
		bool found = ask(rows[i].path, buf, sizeof(buf));

		if (found != !!rows[i].answer || (found && strcmp(buf, rows[i].answer) != 0))
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].path, buf,
				 rows[i].answer ? rows[i].answer : "(none)");
		if (found)
			assert_false(ask(rows[i].path, buf, strlen(rows[i].answer)));
	}
}

static void the_innermost_unit(void **state)
{
	static const struct row rows[] = {
		{ "/system.slice/foo.service", "foo.service" },
		{ "/system.slice/foo.service/worker/2", "foo.service" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x@1.service",
		  "app-x@1.service" },
		{ "/user.slice/user-1000.slice/session-2.scope", "session-2.scope" },
		{ "/system.slice/_cgroup.service", "cgroup.service" },
		{ "/system.slice/dev-disk-by\\x2duuid.swap", "dev-disk-by\\x2duuid.swap" },
		{ "/system.slice/boot.mount/", "boot.mount" },
		{ "/system.slice/.service", "system.slice" },
		{ "/init.scope", "init.scope" },
		{ "/system.slice/b\303\244d.service", "system.slice" },
		{ "/docker/" ID, NULL },
		{ "/foo.timer", NULL },
		{ "/", NULL },
		{ "", NULL },
	};
	char long_path[600], buf[300];

	check(unit_name_from_path, rows, N(rows));
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	strcpy(long_path + 500, ".service");
	check(unit_name_from_path, &(struct row){ long_path, NULL }, 1);
	/* 255 characters are a name, one more is none. */
	strcpy(long_path + 1 + 255 - strlen(".service"), ".service");
	check(unit_name_from_path, &(struct row){ long_path, long_path + 1 }, 1);
	long_path[1 + 255 - strlen(".service")] = 'x';
	strcpy(long_path + 1 + 256 - strlen(".service"), ".service");
	assert_false(unit_name_from_path(long_path, buf, sizeof(buf)));
}

static void the_pod(void **state)
{
	static const struct row rows[] = {
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_UNDERSCORED
		  ".slice/cri-containerd-" ID ".scope",
		  UID },
		{ "/kubepods.slice/kubepods-pod" UID_UNDERSCORED ".slice", UID },
		{ "/kubepods/besteffort/pod" UID "/" ID, UID },
		{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_UNDERSCORED
		  ".slice/crio-" ID ".scope",
		  UID },
		{ "/kubepods/pod" STATIC_UID, STATIC_UID },
		{ "/kubepods.slice", NULL },
		{ "/kubepods/podcast", NULL },
		{ "/kubepods/pod" UID "0", NULL },
		{ "/system.slice/my-pod" UID_UNDERSCORED ".slice", NULL },
		{ "/", NULL },
		{ "", NULL },
	};

	check(pod_uid_from_path, rows, N(rows));
}

static void the_container(void **state)
{
	static const struct row rows[] = {
		{ "/kubepods.slice/kubepods-pod" UID_UNDERSCORED ".slice/cri-containerd-" ID
		  ".scope",
		  ID },
		{ "/system.slice/docker-" ID ".scope", ID },
		{ "/system.slice/docker-" ID ".scope/init", ID },
		{ "/machine.slice/libpod-" ID ".scope/container", ID },
		{ "/kubepods/pod" UID "/crio-" ID, ID },
		{ "/docker/" ID, ID },
		{ "/kubepods.slice/crio-conmon-" ID ".scope", NULL },
		{ "/system.slice/docker.service", NULL },
		{ "/docker/" ID "0", NULL },
		{ "/docker/0123", NULL },
		{ "/", NULL },
	};

	check(container_id_from_path, rows, N(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_innermost_unit),
		cmocka_unit_test(the_pod),
		cmocka_unit_test(the_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
