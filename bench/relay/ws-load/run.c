// SPDX-License-Identifier: Apache-2.0
/* The two kinds of run. */
#define _GNU_SOURCE
#include "load.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static void report_joins(uint64_t took)
{
	printf("joined      %u connections in %.3f s (%.0f/s); upgrade p50 %.0f us, p99 %.0f us; "
	       "join p50 %.0f us, p99 %.0f us\n",
	       joined, (double)took / 1e9, (double)joined / ((double)took / 1e9),
	       hist_us(&h_upgrade, .5), hist_us(&h_upgrade, .99), hist_us(&h_join, .5),
	       hist_us(&h_join, .99));
	json_add("\"connections\":%u,\"joins_per_s\":%.0f,\"upgrade_p50_us\":%.1f,\"upgrade_p99_"
		 "us\":%.1f,"
		 "\"join_p50_us\":%.1f,\"join_p99_us\":%.1f",
		 joined, (double)joined / ((double)took / 1e9), hist_us(&h_upgrade, .5),
		 hist_us(&h_upgrade, .99), hist_us(&h_join, .5), hist_us(&h_join, .99));
}

int run_idle(const struct sockaddr_in *to)
{
	struct memory base = {0};
	if (opt.pid_count)
		base = read_memory();
	printf("base        rss %.1f MiB, pss %.1f MiB, private dirty %.1f MiB\n",
	       (double)base.rss_kb / 1024, (double)base.pss_kb / 1024,
	       (double)base.dirty_kb / 1024);
	json_add("\"base_rss_kb\":%" PRIu64 ",\"base_pss_kb\":%" PRIu64 ",\"idle\":[", base.rss_kb,
		 base.pss_kb);
	for (uint32_t s = 0; s < opt.idle_steps; s++) {
		uint64_t t0 = now_ns();
		uint32_t before = joined;
		join_up_to(opt.idle[s], to);
		double took = (double)(now_ns() - t0) / 1e9, rate = (opt.idle[s] - before) / took;
		wait_for(opt.settle);
		struct memory m = {0};
		if (opt.pid_count)
			m = read_memory();
		double n = opt.idle[s];
		double rss = ((double)m.rss_kb - (double)base.rss_kb) * 1024 / n;
		double dirty_bytes = ((double)m.dirty_kb - (double)base.dirty_kb) * 1024 / n;
		printf("idle %-6u rss %.1f MiB, pss %.1f MiB; %.0f bytes of rss and %.0f of "
		       "private dirty a connection; "
		       "%.0f joins/s\n",
		       opt.idle[s], (double)m.rss_kb / 1024, (double)m.pss_kb / 1024, rss,
		       dirty_bytes, rate);
		json_add("%s{\"n\":%u,\"rss_kb\":%" PRIu64 ",\"pss_kb\":%" PRIu64
			 ",\"rss_bytes_per_conn\":%.0f,"
			 "\"dirty_bytes_per_conn\":%.0f,\"joins_per_s\":%.0f}",
			 s ? "," : "", opt.idle[s], m.rss_kb, m.pss_kb, rss, dirty_bytes, rate);
	}
	json_add("]");
	uint64_t lost = total.closed_by_server;
	leave_all();
	return lost ? 1 : 0;
}

static void pump(double seconds)
{
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
	static uint64_t scheduled; /* open loop: messages due since t_origin */
	static uint32_t next_conn, next_slot;
	for (uint64_t now; (now = now_ns()) < end;) {
		uint64_t wait = end - now < 10 * MS ? end - now : 10 * MS;
		if (opt.rate > 0) {
			uint64_t due = (uint64_t)((double)(now - t_origin) * opt.rate / 1e9) + 1;
			for (; scheduled < due; scheduled++) {
				uint64_t when =
					t_origin + (uint64_t)((double)scheduled * 1e9 / opt.rate);
				uint32_t slot = (next_conn % opt.peers + 1 + next_slot) % opt.peers;
				send_message(&conns[next_conn], slot, when);
				if (++next_conn == conn_count) {
					next_conn = 0;
					next_slot = (next_slot + 1) % (opt.peers - 1);
				}
			}
			uint64_t next = t_origin + (uint64_t)((double)scheduled * 1e9 / opt.rate);
			if (next > now && next - now < wait)
				wait = next - now;
		}
		turn(wait);
		if (total.closed_by_server)
			die("the server closed a connection; first error: %s", first_error);
	}
}

int run_load(const struct sockaddr_in *to)
{
	uint64_t t0 = now_ns();
	join_up_to(conn_count, to);
	report_joins(now_ns() - t0);
	wait_for(0.2);

	sending = true;
	t_origin = now_ns();
	if (opt.rate == 0)
		for (uint32_t i = 0; i < conn_count; i++)
			for (uint32_t s = 0; s < opt.peers; s++)
				for (uint32_t w = 0; s != i % opt.peers && w < opt.window; w++)
					send_message(&conns[i], s, now_ns());
	pump(opt.warmup);

	struct cpu c0 = {0}, c1 = {0};
	struct memory m = {0};
	if (opt.pid_count)
		c0 = read_cpu();
	double own0 = own_cpu(), busy0 = machine_busy();
	uint64_t r0 = total.received, b0 = total.bytes_received;
	t0 = now_ns();
	measuring = true;
	pump(opt.seconds);
	measuring = false;
	double took = (double)(now_ns() - t0) / 1e9, own = own_cpu() - own0;
	double busy = machine_busy() - busy0;
	uint64_t got = total.received - r0, bytes = total.bytes_received - b0;
	if (opt.pid_count) {
		c1 = read_cpu();
		m = read_memory();
	}
	sending = false;
	wait_for(0.1);
	for (int i = 0; i < 100 && total.received < total.sent; i++)
		wait_for(0.05);

	double msgs = got ? (double)got : 1, tick = (double)sysconf(_SC_CLK_TCK);
	double cpu = (double)(c1.run_ns - c0.run_ns) / 1e9;
	double user = (double)(c1.user_ticks - c0.user_ticks) / tick,
	       sys = (double)(c1.sys_ticks - c0.sys_ticks) / tick;
	int64_t lost = (int64_t)(total.sent - total.received);

	printf("relayed     %.0f messages/s, %.1f MB/s (%" PRIu64 " in %.2f s)\n",
	       (double)got / took, (double)bytes / took / 1e6, got, took);
	printf("latency     p50 %.0f us, p90 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us; "
	       "candidates p50 %.0f p99 %.0f, offers p50 %.0f p99 %.0f\n",
	       hist_us(&h_all, .5), hist_us(&h_all, .9), hist_us(&h_all, .99),
	       hist_us(&h_all, .999), (double)h_all.max / 1e3, hist_us(&h_candidate, .5),
	       hist_us(&h_candidate, .99), hist_us(&h_offer, .5), hist_us(&h_offer, .99));
	if (opt.pid_count)
		printf("server      %.2f us CPU a message (user %.2f, sys %.2f), %.0f %% of a "
		       "core; rss %.1f MiB\n",
		       cpu * 1e6 / msgs, user * 1e6 / msgs, sys * 1e6 / msgs, cpu / took * 100,
		       (double)m.rss_kb / 1024);
	double others = (busy - own - cpu) / took;
	printf("client      %.2f us CPU a message, %.0f %% of a core; %s %.0f %% of a core\n",
	       own * 1e6 / msgs, own / took * 100,
	       opt.pid_count ? "other processes took" : "the server and others took", others * 100);
	printf("checks      sent %" PRIu64 ", received %" PRIu64 ", lost %" PRId64
	       ", wrong target %" PRIu64 ", wrong fromId %" PRIu64 ", out of order %" PRIu64
	       ", user-joined %" PRIu64 ", errors %" PRIu64 "\n",
	       total.sent, total.received, lost, total.bad_target, total.bad_from, total.bad_order,
	       total.user_joined, total.errors);
	if (first_error[0])
		printf("first error %s\n", first_error);

	json_add(",\"msgs_per_s\":%.0f,\"mb_per_s\":%.2f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_"
		 "us\":%.1f,\"p999_us\":%.1f,"
		 "\"max_us\":%.1f,\"offer_p50_us\":%.1f,\"offer_p99_us\":%.1f",
		 (double)got / took, (double)bytes / took / 1e6, hist_us(&h_all, .5),
		 hist_us(&h_all, .9), hist_us(&h_all, .99), hist_us(&h_all, .999),
		 (double)h_all.max / 1e3, hist_us(&h_offer, .5), hist_us(&h_offer, .99));
	json_add(",\"server_cpu_us_per_msg\":%.3f,\"server_user_us\":%.3f,\"server_sys_us\":%.3f,"
		 "\"server_util\":%.3f,"
		 "\"server_rss_kb\":%" PRIu64
		 ",\"client_cpu_us_per_msg\":%.3f,\"client_util\":%.3f,\"others_util\":%.3f",
		 cpu * 1e6 / msgs, user * 1e6 / msgs, sys * 1e6 / msgs, cpu / took, m.rss_kb,
		 own * 1e6 / msgs, own / took, others);
	json_add(",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"lost\":%" PRId64
		 ",\"bad_target\":%" PRIu64 ",\"bad_from\":%" PRIu64 ",\"bad_order\":%" PRIu64
		 ",\"errors\":%" PRIu64,
		 total.sent, total.received, lost, total.bad_target, total.bad_from,
		 total.bad_order, total.errors);

	bool bad = lost != 0 || total.bad_target || total.bad_from || total.bad_order ||
		   total.closed_by_server;
	leave_all();
	return bad ? 1 : 0;
}
