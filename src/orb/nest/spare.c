// SPDX-License-Identifier: Apache-2.0
#include "orb/nest/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pass.h"
#include "orb/nest/title.h"
#include "orb/sandbox.h"
#include "orb/session/session.h"
#include "proto/nest.h"

TC_LOG_TOPIC("orb.spare");

enum { CHANNEL, OUTPUT, ERRORS, STREAMS };

/* Where an orb that is executed has them (server/orbs/spawn.c). */
static const int places[STREAMS] = {3, STDOUT_FILENO, STDERR_FILENO};

static int take_streams(const int fds[TC_PASS_MAX])
{
	int high[STREAMS];
	for (int i = 0; i < STREAMS; i++) {
		/* Up and out of the way, so that no dup2 closes the next one's source. */
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
		if (high[i] < 0) {
			return -EBADF;
		}
		close(fds[i]);
	}
	for (int i = 0; i < STREAMS; i++) {
		if (dup2(high[i], places[i]) < 0) {
			return -errno;
		}
		close(high[i]);
	}
	return 0;
}

/* Whatever of the libraries or of ours lies on 3 by chance makes way for the channel. */
static int clear_place(int sock)
{
	int high = fcntl(sock, F_DUPFD_CLOEXEC, 10);
	if (high >= 0) {
		close(sock);
	}
	return high;
}

static int obey(struct tc_nest_order *order, const int fds[TC_PASS_MAX])
{
	int err = take_streams(fds);
	if (!err && order->dir && chdir(order->dir) < 0) {
		err = -errno;
	}
	setpgid(0, 0); /* tricall has done so; this is for whoever else gives orders */
	environ = order->envp;
	tc_title_set(order->argv);
	return err;
}

int tc_spare_main(int sock, struct tc_orb_args *args, int (*orb)(int argc, char **argv))
{
	prctl(PR_SET_NAME, "orb-spare");
	tc_title_say("aiorb: spare");
	sock = clear_place(sock);
	/* Held until the channel comes, so that nothing the libraries open lands there. */
	dup2(STDIN_FILENO, places[CHANNEL]);
	tc_spare_warm(args);
	(void)tc_sandbox_prepare(); /* what is wrong with it, tc_sandbox_enter() will say */
	tc_orb_args_finish(args);
	struct tc_nest_note ready;
	tc_nest_note_set(&ready, TC_NEST_READY, (uint32_t)getpid());
	char *packet = malloc(TC_NEST_ORDER_MAX); /* the strings in it live as long as we */
	int fds[TC_PASS_MAX];
	if (!packet || tc_pass_send(sock, &ready, sizeof(ready), NULL, 0) != 0) {
		return TC_EXIT_OK;
	}
	int n = tc_pass_recv(sock, packet, TC_NEST_ORDER_MAX, fds);
	if (n == 0 || n == -ECONNRESET) {
		return TC_EXIT_OK; /* tricall is gone, or wants another */
	}
	struct tc_nest_order order;
	int err = n < 0 ? n : tc_nest_order_take(&order, packet, (size_t)n);
	err = err ? err : obey(&order, fds);
	close(sock);
	if (err) {
		TC_ERROR(NULL, "an order that cannot be followed: %s", tc_err_str(err));
		return TC_EXIT_DEFECT;
	}
	return orb(order.argc, order.argv);
}
