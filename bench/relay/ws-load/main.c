// SPDX-License-Identifier: Apache-2.0
/* ws-load: load client for the room signaling protocol (/ws-simple/:roomId, JSON text frames).
 *
 * Plain C11 on Linux, one thread, epoll, no dependency. It speaks to loopback addresses only.
 * `ws-load --help` prints the options; README.md explains the figures.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);

	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);

	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
	if (inet_pton(AF_INET, opt.host, &to.sin_addr) != 1 ||
	    ntohl(to.sin_addr.s_addr) >> 24 != 127)
		die("--host must be a loopback IPv4 address");

	conn_count = opt.idle_steps ? opt.idle[opt.idle_steps - 1] : opt.rooms * opt.peers;
	if (conn_count > 99999)
		die("at most 99999 connections");
	if (lim.rlim_cur < conn_count + 16)
		die("ulimit -n is %lu, %u wanted", (unsigned long)lim.rlim_cur, conn_count + 16);
	char id[128];
	user_name(0, id, sizeof id);
	id_len = (uint32_t)strlen(id);

	conns = calloc(conn_count, sizeof *conns);
	dirty = calloc(conn_count, sizeof *dirty);
	read_buf = malloc(READ_BUF);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!conns || !dirty || !read_buf || ep < 0)
		die("cannot start");
	make_messages();

	json_add("{");
	int rc = opt.idle_steps ? run_idle(&to) : run_load(&to);
	json_add("}");
	if (opt.json)
		puts(json_text);
	return rc;
}
