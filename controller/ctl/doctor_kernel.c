/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel and its boot line offer
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "controller/base/file.h"
#include "controller/base/parse.h"
#include "controller/ctl/api.h"
#include "controller/ctl/doctor.h"
#include "controller/ctl/remote.h"

#define PSI_FILE "/proc/pressure/memory"

void check_kernel(struct doctor *doctor, struct finding *finding)
{
	unsigned major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%u.%u", &major, &minor);
	/* 6.1 is Debian 12's, the oldest that the VM suite boots; memory.reclaim came with 5.19. */
	if (major > 6 || (major == 6 && minor >= 1))
		finding_ok(finding, "%s", uts.release);
	else
		finding_bad(finding, VERDICT_WARN, "boot Linux 6.1 or later",
			    "%s is older than what reliefd is tested with", uts.release);
}

void check_psi(struct doctor *doctor, struct finding *finding)
{
	char text[256];
	ssize_t n;

	n = file_read_at(AT_FDCWD, PSI_FILE, text, sizeof(text));
	if (n > 0)
		finding_ok(finding, "%s can be read", PSI_FILE);
	else if (n == -EOPNOTSUPP)
		finding_bad(finding, VERDICT_WARN, "add psi=1 to the kernel command line",
			    "PSI is switched off: stalls are not seen, headroom is");
	else
		finding_bad(finding, VERDICT_WARN, "boot a kernel with CONFIG_PSI=y",
			    "%s: %s; stalls are not seen, headroom is", PSI_FILE,
			    n == 0 ? "empty" : strerror((int)-n));
}

/* Arms a trigger for a moment. 10 % of the window: any value that the kernel takes will do. */
static int doctor_kernel_probe_trigger(uint64_t window_usec)
{
	_cleanup_fd_ int fd = -1;
	char text[64];
	int n;

	fd = open(PSI_FILE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "some %" PRIu64 " %" PRIu64, window_usec / 10,
		     window_usec);
	return write(fd, text, (size_t)n + 1) < 0 ? -errno : 0;
}

/* What the daemon got counts more than what this process would get. */
static uint64_t doctor_kernel_window_of_daemon(const struct doctor *doctor)
{
	uint64_t window_usec = props_u64(doctor->manager, API_TRIGGER_WINDOW);

	return window_usec == UINT64_MAX ? 0 : window_usec;
}

void check_psi_trigger(struct doctor *doctor, struct finding *finding)
{
	uint64_t window_usec = doctor_kernel_window_of_daemon(doctor);
	char window[32];
	int r = doctor_kernel_probe_trigger(500000);

	if (window_usec > 0 && (r == 0 || window_usec % 2000000 != 0)) {
		finding_ok(finding, "reliefd has armed its triggers with a window of %s",
			   format_usec(window_usec, window, sizeof(window)));
	} else if (r == 0) {
		finding_ok(finding, "windows from 500 ms can be armed");
	} else if (doctor_kernel_probe_trigger(2000000) == 0) {
		/* Since 6.5 without CAP_SYS_RESOURCE: multiples of 2 s, aggregated with the
		 * averages. */
		finding_bad(finding, VERDICT_WARN,
			    "run reliefd as root with CAP_SYS_RESOURCE (its unit does)",
			    "only windows of 2 s can be armed by this process (%s for 500 ms): "
			    "stalls are noticed later",
			    strerror(-r));
	} else {
		finding_bad(finding, VERDICT_WARN,
			    "run this as root; boot with psi=1 if it says so again",
			    "no trigger can be armed by this process: %s", strerror(-r));
	}
}

void check_cgroup(struct doctor *doctor, struct finding *finding)
{
	static const char fix[] =
		"boot with systemd.unified_cgroup_hierarchy=1 (of a container: its "
		"host)";

	switch (doctor->tree.mode) {
	case CGROUP_MODE_PURE:
		finding_ok(finding, "v2 at %s", doctor->tree.mount);
		return;
	case CGROUP_MODE_HYBRID:
		finding_bad(finding, VERDICT_WARN, fix,
			    "v2 at %s beside v1, without the memory controller",
			    doctor->tree.mount);
		return;
	case CGROUP_MODE_NONE:
		break;
	}
	finding_bad(finding, VERDICT_FAIL, fix,
		    "no cgroup v2 tree is mounted: no group can be seen");
}

static int doctor_kernel_open_mount(const struct doctor *doctor)
{
	if (!doctor->tree.mount)
		return -ENOENT;
	return open(doctor->tree.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void check_memory_controller(struct doctor *doctor, struct finding *finding)
{
	static const char fix[] = "boot with systemd.unified_cgroup_hierarchy=1 and without "
				  "cgroup_disable=memory (of a container: its host)";
	_cleanup_fd_ int mount = doctor_kernel_open_mount(doctor);
	char controllers[256] = "";

	if (mount >= 0)
		file_read_at(mount, "cgroup.controllers", controllers, sizeof(controllers));
	controllers[strcspn(controllers, "\n")] = '\0';
	if (doctor->has_memory)
		finding_ok(finding, "in the v2 tree");
	else
		finding_bad(finding, VERDICT_FAIL, fix,
			    "not in the v2 tree (it has: %s): no group's memory can be measured or "
			    "reclaimed",
			    *controllers ? controllers : "none");
}

/* Looks at the first group that has the controller; the root lacks most of its files. */
static bool doctor_kernel_some_group_has(int mount, const char *file, bool *ret_has)
{
	DIR *dir = fdopendir(dup(mount));
	struct dirent *entry;
	bool found = false;
	char path[512];

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/memory.current", entry->d_name);
		found = faccessat(mount, path, F_OK, 0) == 0;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name, file);
		*ret_has = found && faccessat(mount, path, F_OK, 0) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

void check_reclaim(struct doctor *doctor, struct finding *finding)
{
	_cleanup_fd_ int mount = doctor_kernel_open_mount(doctor);
	bool has = false;

	if (!doctor->has_memory || mount < 0)
		finding_bad(finding, VERDICT_WARN, "see memory-controller",
			    "cannot be looked at without the memory controller");
	else if (!doctor_kernel_some_group_has(mount, "memory.reclaim", &has))
		finding_bad(finding, VERDICT_WARN,
			    "set DefaultMemoryAccounting=yes in /etc/systemd/system.conf",
			    "no group has the memory controller switched on");
	else if (has)
		finding_ok(finding, "groups can be reclaimed from");
	else
		finding_bad(finding, VERDICT_WARN, "boot Linux 5.19 or later",
			    "this kernel has no memory.reclaim: the rung reclaim is skipped");
}

void check_btf(struct doctor *doctor, struct finding *finding)
{
	static const char file[] = "/sys/kernel/btf/vmlinux";

	if (access(file, R_OK) == 0)
		finding_ok(finding, "%s is there", file);
	else
		finding_bad(finding, VERDICT_WARN, "boot a kernel with CONFIG_DEBUG_INFO_BTF=y",
			    "%s: %s; growth is watched by a timer, not by eBPF", file,
			    strerror(errno));
}

struct swaps {
	unsigned n, n_zram;
	uint64_t size_bytes, used_bytes;
};

static void doctor_kernel_read_swaps(struct swaps *ret)
{
	_cleanup_file_ FILE *f = fopen("/proc/swaps", "re");
	char line[512], name[256];
	uint64_t size_kib, used_kib;

	*ret = (struct swaps){};
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%255s %*s %" SCNu64 " %" SCNu64, name, &size_kib, &used_kib) != 3)
			continue; /* the header */
		ret->n++;
		ret->n_zram += strstr(name, "zram") != NULL;
		ret->size_bytes += size_kib * 1024;
		ret->used_bytes += used_kib * 1024;
	}
}

static bool doctor_kernel_zswap_is_on(void)
{
	char text[8] = "";

	file_read_at(AT_FDCWD, "/sys/module/zswap/parameters/enabled", text, sizeof(text));
	return text[0] == 'Y';
}

void check_swap(struct doctor *doctor, struct finding *finding)
{
	char size[16], used[16];
	struct swaps swaps;

	doctor_kernel_read_swaps(&swaps);
	if (swaps.n == 0) {
		finding_bad(finding, VERDICT_WARN,
			    "add swap or zram (systemd-zram-generator), if the host may",
			    "none: without it there is little time between a shortage and a kill");
		return;
	}
	finding_ok(finding, "%s, %s used, %u area%s, %u on zram%s",
		   format_bytes(swaps.size_bytes, size, sizeof(size)),
		   format_bytes(swaps.used_bytes, used, sizeof(used)), swaps.n,
		   swaps.n == 1 ? "" : "s", swaps.n_zram,
		   doctor_kernel_zswap_is_on() ? ", zswap on" : "");
}
