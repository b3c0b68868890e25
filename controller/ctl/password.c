/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "controller/ctl/password.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * Registering takes some ten milliseconds, and seconds where polkit itself has to be started on a
 * slow host. As long as a call of the bus waits; a polkit that hangs must not hang us.
 */
#define PASSWORD_AGENT_WAIT_MS 25000

static void password_run_agent(int ready_end)
{
	char process[32], ready[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(process, sizeof(process), "%d", getppid());
	snprintf(ready, sizeof(ready), "%d", ready_end);
	execlp("pkttyagent", "pkttyagent", "--process", process, "--notify-fd", ready, "--fallback",
	       NULL);
	_exit(127);
}

void password_agent_start(const struct ctl *ctl)
{
	struct pollfd waiting = { .events = POLLIN };
	int ends[2];
	pid_t pid;

	if (!ctl->ask_password || geteuid() == 0 || !isatty(STDIN_FILENO))
		return;
	if (pipe(ends) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		password_run_agent(ends[1]);
	}
	close(ends[1]);
	/* The agent closes its end when it is ready, and so does its death. */
	waiting.fd = ends[0];
	if (pid > 0)
		poll(&waiting, 1, PASSWORD_AGENT_WAIT_MS);
	close(ends[0]);
}
