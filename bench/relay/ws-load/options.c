// SPDX-License-Identifier: Apache-2.0
/* What is asked for. */
#define _GNU_SOURCE
#include "load.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options opt = {
	.host = "127.0.0.1",
	.path = "/ws-simple/",
	.room_prefix = "load",
	.user_prefix = "u",
	.port = 3000,
	.rooms = 100,
	.roles = {"coach", "client", "ai"},
	.peers = 3,
	.seconds = 5,
	.warmup = 1,
	.settle = 2,
	.offer_pct = 5,
	.window = 1,
	.connect_window = 64,
	.candidate_bytes = 250,
	.offer_bytes = 4096,
	.check_from = true,
};

static const char usage_text[] =
	"usage: ws-load [options]\n"
	"  target        --host A (loopback, default 127.0.0.1) --port N (3000) --path P "
	"(/ws-simple/)\n"
	"  who           --rooms R (100) --roles coach,client,ai --room-prefix S --user-prefix S\n"
	"  credentials   --cookie STRING --token STRING (query ?token=) --token-file F (line i "
	"for\n"
	"                connection i) --header 'Name: value' (repeatable); in all of them "
	"{room},\n"
	"                {user} and {role} are replaced for each connection\n"
	"  load          --seconds N (5) --warmup N (1) --window W (1, closed loop: messages in "
	"flight\n"
	"                on each ordered pair) or --rate X (open loop, messages/s over all pairs)\n"
	"                --offer-pct P (5) --candidate-bytes N (250) --offer-bytes N (4096)\n"
	"  idle          --idle N[,N...]: join N idle connections, print server memory at each "
	"step\n"
	"                --settle S (2, seconds before each reading)\n"
	"  server        --pid P[,P...]: server processes for memory and CPU figures\n"
	"  other         --connect-window N (64 handshakes at once) --abort (close by RST)\n"
	"                --no-from-check --json (one JSON object on the last line)\n";

static void parse_list(const char *s, uint32_t *out, uint32_t *n, uint32_t cap)
{
	for (*n = 0; *s && *n < cap;) {
		char *end;
		out[(*n)++] = (uint32_t)strtoul(s, &end, 10);
		s = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			die("bad list '%s'", s);
	}
}

static void read_token_file(const char *name)
{
	FILE *f = fopen(name, "r");
	if (f == NULL)
		die("cannot open %s", name);
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = 0;
		opt.token_lines =
			xrealloc(opt.token_lines, (opt.token_line_count + 1) * sizeof(char *));
		opt.token_lines[opt.token_line_count++] = strdup(line);
	}
	free(line);
	fclose(f);
}

void parse_options(int argc, char **argv)
{
	enum {
		HOST = 256,
		PORT,
		PATH,
		ROOMS,
		ROLES,
		RPFX,
		UPFX,
		COOKIE,
		TOKEN,
		TFILE,
		HEADER,
		SECONDS,
		WARMUP,
		WINDOW,
		RATE,
		OPCT,
		CBYTES,
		OBYTES,
		IDLE,
		SETTLE,
		PID,
		CWIN,
		ABORT,
		NOFROM,
		JSON,
		HELP
	};
	static const struct option longs[] = {
		{"host", 1, 0, HOST},
		{"port", 1, 0, PORT},
		{"path", 1, 0, PATH},
		{"rooms", 1, 0, ROOMS},
		{"roles", 1, 0, ROLES},
		{"room-prefix", 1, 0, RPFX},
		{"user-prefix", 1, 0, UPFX},
		{"cookie", 1, 0, COOKIE},
		{"token", 1, 0, TOKEN},
		{"token-file", 1, 0, TFILE},
		{"header", 1, 0, HEADER},
		{"seconds", 1, 0, SECONDS},
		{"warmup", 1, 0, WARMUP},
		{"window", 1, 0, WINDOW},
		{"rate", 1, 0, RATE},
		{"offer-pct", 1, 0, OPCT},
		{"candidate-bytes", 1, 0, CBYTES},
		{"offer-bytes", 1, 0, OBYTES},
		{"idle", 1, 0, IDLE},
		{"settle", 1, 0, SETTLE},
		{"pid", 1, 0, PID},
		{"connect-window", 1, 0, CWIN},
		{"abort", 0, 0, ABORT},
		{"no-from-check", 0, 0, NOFROM},
		{"json", 0, 0, JSON},
		{"help", 0, 0, HELP},
		{0, 0, 0, 0},
	};
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
		switch (c) {
		case HOST:
			opt.host = optarg;
			break;
		case PORT:
			opt.port = atoi(optarg);
			break;
		case PATH:
			opt.path = optarg;
			break;
		case ROOMS:
			opt.rooms = (uint32_t)atoi(optarg);
			break;
		case ROLES: {
			char *save = NULL, *copy = strdup(optarg);
			opt.peers = 0;
			for (char *t = strtok_r(copy, ",", &save); t && opt.peers < MAX_ROLES;
			     t = strtok_r(NULL, ",", &save))
				opt.roles[opt.peers++] = t;
			break;
		}
		case RPFX:
			opt.room_prefix = optarg;
			break;
		case UPFX:
			opt.user_prefix = optarg;
			break;
		case COOKIE:
			opt.cookie = optarg;
			break;
		case TOKEN:
			opt.token = optarg;
			break;
		case TFILE:
			read_token_file(optarg);
			break;
		case HEADER:
			if (opt.headers_count == MAX_HEADERS)
				die("too many headers");
			opt.headers[opt.headers_count++] = optarg;
			break;
		case SECONDS:
			opt.seconds = atof(optarg);
			break;
		case WARMUP:
			opt.warmup = atof(optarg);
			break;
		case WINDOW:
			opt.window = (uint32_t)atoi(optarg);
			break;
		case RATE:
			opt.rate = atof(optarg);
			break;
		case OPCT:
			opt.offer_pct = atof(optarg);
			break;
		case CBYTES:
			opt.candidate_bytes = (uint32_t)atoi(optarg);
			break;
		case OBYTES:
			opt.offer_bytes = (uint32_t)atoi(optarg);
			break;
		case IDLE:
			parse_list(optarg, opt.idle, &opt.idle_steps, MAX_STEPS);
			break;
		case SETTLE:
			opt.settle = atof(optarg);
			break;
		case PID: {
			uint32_t list[MAX_PIDS], n;
			parse_list(optarg, list, &n, MAX_PIDS);
			for (opt.pid_count = 0; opt.pid_count < (int)n; opt.pid_count++)
				opt.pids[opt.pid_count] = (int)list[opt.pid_count];
			break;
		}
		case CWIN:
			opt.connect_window = (uint32_t)atoi(optarg);
			break;
		case ABORT:
			opt.abort_close = true;
			break;
		case NOFROM:
			opt.check_from = false;
			break;
		case JSON:
			opt.json = true;
			break;
		case HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	if (optind != argc)
		die("unexpected argument '%s'", argv[optind]);
	if (opt.rooms == 0 || opt.rooms > 30000)
		die("--rooms: 1 to 30000");
	if (opt.peers < 2)
		die("--roles: at least two");
	if (opt.candidate_bytes > MAX_PAYLOAD || opt.offer_bytes > MAX_PAYLOAD)
		die("message too large");
	if (opt.idle_steps)
		opt.rooms = (opt.idle[opt.idle_steps - 1] + opt.peers - 1) / opt.peers;
}
