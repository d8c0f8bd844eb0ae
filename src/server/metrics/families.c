// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/families.h"

#include <string.h>

#include "proto/role.h"
#include "server/rooms.h"

#define LIST(...)   ((const char *const[]){__VA_ARGS__, NULL})
#define BOUNDS(...) ((const double[]){__VA_ARGS__, 0})
#define COUNTER(word, text)                                       \
	{                                                         \
		TC_METRIC_COUNTER, "tricall_" word "_total", text \
	}
#define GAUGE(word, text)                              \
	{                                              \
		TC_METRIC_GAUGE, "tricall_" word, text \
	}

const char *const tc_metric_paths[] = {"host", "srflx", "prflx", "relay", NULL};
const char *const tc_metric_ends[] = {"session_complete",
				      "room_cleanup",
				      "idle_timeout",
				      "max_lifetime",
				      "server_shutdown",
				      "replaced",
				      "itself",
				      "unresponsive",
				      "failed",
				      "other",
				      NULL};

static const char *const peers[] = {"human", "orb", NULL};
static const char *const refusals[] = {
#define X(name, code) code,
	TC_REFUSALS(X)
#undef X
		NULL};

static const double join_s[] = {0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25,
				0.5,   1,    2.5,   5,     10,   30,  0};
static const double answer_s[] = {0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 0};
static const double connect_s[] = {0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 0};
static const double ratio[] = {0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 0};
static const double network_s[] = {0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 0};
static const double short_s[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
				 0.1,    0.25,  0.5,   1,     2.5,  0};

const struct tc_metric_family tc_metric_families[TC_METRIC_COUNT] = {
	[TC_M_BUILD_INFO] = {TC_METRIC_GAUGE,
			     "tricall_build_info",
			     "Always 1; the version is in the label.",
			     {{"version", LIST(TC_VERSION)}}},
	[TC_M_UPTIME] = GAUGE("uptime_seconds", "Time since the start."),
	[TC_M_READY] = GAUGE("ready", "1 when /readyz says ready, as it was last found."),
	[TC_M_ROOMS] = GAUGE("rooms", "Rooms with somebody in."),
	[TC_M_CONNECTIONS] = GAUGE("connections", "Open signaling connections."),
	[TC_M_PARTICIPANTS] = {TC_METRIC_GAUGE,
			       "tricall_participants",
			       "Participants that have joined, by role.",
			       {{"role", LIST("coach", "client", "ai", "admin")}}},
	[TC_M_RELAYED] = COUNTER("signaling_messages_relayed", "Signaling messages passed on."),
	[TC_M_RELAYED_BYTES] =
		COUNTER("signaling_relayed_bytes",
			"Bytes of the signaling messages passed on, each message counted once."),
	[TC_M_REFUSED] = {TC_METRIC_COUNTER,
			  "tricall_signaling_messages_refused_total",
			  "Signaling messages answered with an error, by its code.",
			  {{"code", refusals}}},
	[TC_M_UPGRADES_REFUSED] = {TC_METRIC_COUNTER,
				   "tricall_upgrades_refused_total",
				   "WebSocket upgrades refused, by HTTP status.",
				   {{"status", LIST("400", "401", "403", "404", "503")}}},
	[TC_M_ORBS] = {TC_METRIC_GAUGE,
		       "tricall_orbs",
		       "Orbs by state.",
		       {{"state", LIST("spawning", "ready", "unresponsive", "restarting",
				       "draining", "failed", "full")}}},
	[TC_M_ORB_PLACES] = GAUGE("orb_places", "Orbs that may run at one time."),
	[TC_M_ORBS_CPU] = GAUGE("orbs_cpu_ratio", "CPU time of all orbs; 1 is one core."),
	[TC_M_ORBS_MEMORY] = GAUGE("orbs_memory_bytes", "Memory of all orbs."),
	[TC_M_ORB_SPAWNS] = COUNTER("orb_spawns", "Orb processes started."),
	[TC_M_ORB_SPAWNS_FAILED] =
		COUNTER("orb_spawns_failed", "Orb processes that could not be started."),
	[TC_M_ORB_EXITS] = {TC_METRIC_COUNTER,
			    "tricall_orb_exits_total",
			    "Orb processes that ended, by class of reason.",
			    {{"reason",
			      LIST("asked", "itself", "forced", "hung", "error", "crash")}}},
	[TC_M_ORB_ENDS] = {TC_METRIC_COUNTER,
			   "tricall_orb_ends_total",
			   "Orbs that ended and were not restarted at once, by reason.",
			   {{"reason", tc_metric_ends}}},
	[TC_M_ORB_RESTARTS] = COUNTER("orb_restarts", "Orbs that died and were started again."),
	[TC_M_ORB_HANGS] = {TC_METRIC_COUNTER,
			    "tricall_orb_hangs_total",
			    "Times an orb became unresponsive, by the part that hung.",
			    {{"part", LIST("main", "audio", "video", "recognizer", "voice")}}},
	[TC_M_ORB_JOIN] = {TC_METRIC_HISTOGRAM, "tricall_orb_join_seconds",
			   "From the asking for an orb to it being in the room.", .bounds = join_s},
	[TC_M_ORB_RESTART] = {TC_METRIC_HISTOGRAM, "tricall_orb_restart_seconds",
			      "From the death of an orb to its next life being in the room.",
			      .bounds = join_s},
	[TC_M_ORB_ANSWER] = {TC_METRIC_HISTOGRAM,
			     "tricall_orb_answer_seconds",
			     "Latency of answers: end of turn to answer chosen, chosen to first "
			     "packet, and both.",
			     {{"stage", LIST("chosen", "voiced", "total")}},
			     answer_s},
	[TC_M_RTC_CONNECTIONS] = {TC_METRIC_COUNTER,
				  "tricall_webrtc_connections_total",
				  "Connections that browsers tried, by who was at the other end.",
				  {{"peer", peers}, {"result", LIST("connected", "failed")}}},
	[TC_M_RTC_CONNECT] = {TC_METRIC_HISTOGRAM,
			      "tricall_webrtc_connect_seconds",
			      "How long browsers took to connect.",
			      {{"peer", peers}},
			      connect_s},
	[TC_M_RTC_PATHS] = {TC_METRIC_COUNTER,
			    "tricall_webrtc_paths_total",
			    "Connections that were made, by the browser's kind of ICE candidate.",
			    {{"peer", peers}, {"path", tc_metric_paths}}},
	[TC_M_CALL_LOSS] = {TC_METRIC_HISTOGRAM,
			    "tricall_call_loss_ratio",
			    "Packets lost on the way to a browser, of each of its reports.",
			    {{"peer", peers}},
			    ratio},
	[TC_M_CALL_JITTER] = {TC_METRIC_HISTOGRAM,
			      "tricall_call_jitter_seconds",
			      "Jitter of the sound that browsers receive.",
			      {{"peer", peers}},
			      network_s},
	[TC_M_CALL_RTT] = {TC_METRIC_HISTOGRAM,
			   "tricall_call_rtt_seconds",
			   "Round trip between a browser and the other end.",
			   {{"peer", peers}},
			   network_s},
	[TC_M_CALL_CONCEALED] = {TC_METRIC_HISTOGRAM,
				 "tricall_call_concealed_ratio",
				 "Sound that browsers had to invent, of each of their reports.",
				 {{"peer", peers}},
				 ratio},
	[TC_M_CALL_FREEZES] = {TC_METRIC_COUNTER,
			       "tricall_call_freezes_total",
			       "Times a picture stood still.",
			       {{"peer", peers}}},
	[TC_M_QUALITY_REPORTS] = {TC_METRIC_COUNTER,
				  "tricall_quality_reports_total",
				  "Reports that browsers sent.",
				  {{"result", LIST("taken", "refused", "limited")}}},
	[TC_M_HTTP_REQUESTS] = {TC_METRIC_COUNTER,
				"tricall_http_requests_total",
				"HTTP requests answered, by class.",
				{{"class", LIST("gone", "1xx", "2xx", "3xx", "4xx", "5xx")}}},
	[TC_M_HTTP_BYTES] = COUNTER("http_response_bytes", "Bytes of HTTP bodies sent."),
	[TC_M_SIGNIN_FAILURES] = COUNTER("signin_failures", "Sign-ins with a wrong password."),
	[TC_M_EVENT_READERS] = GAUGE("event_readers", "Dashboards that listen to /api/events."),
	[TC_M_EVENT_READERS_DROPPED] =
		COUNTER("event_readers_dropped", "Dashboards dropped, as they read too slowly."),
	[TC_M_JOURNAL_WRITTEN] = COUNTER("journal_written", "Entries of calls stored."),
	[TC_M_JOURNAL_LOST] = COUNTER("journal_lost", "Entries of calls that could not be stored."),
	[TC_M_JOURNAL_WAITING] = GAUGE("journal_waiting", "Entries of calls on their way to disk."),
	[TC_M_JOURNAL_WRITE] = {TC_METRIC_HISTOGRAM, "tricall_journal_write_seconds",
				"How long each write of entries took, however many there were.",
				.bounds = short_s},
	[TC_M_DISK_FREE] = GAUGE("data_free_bytes", "Free on the disk of the data folder."),
	[TC_M_LOOP_LAG] = {TC_METRIC_HISTOGRAM, "tricall_loop_lag_seconds",
			   "How late the event loop was to a timer, four times a second.",
			   .bounds = short_s},
	[TC_M_LOOP_BUSY] = COUNTER("loop_busy_seconds", "Time in which the event loop worked."),
	[TC_M_PROCESS_CPU] = {TC_METRIC_COUNTER, "process_cpu_seconds_total",
			      "CPU time of the server."},
	[TC_M_PROCESS_MEMORY] = {TC_METRIC_GAUGE, "process_resident_memory_bytes",
				 "Memory of the server."},
	[TC_M_PROCESS_FDS] = {TC_METRIC_GAUGE, "process_open_fds",
			      "Open file descriptors of the server."},
	[TC_M_PROCESS_FDS_MAX] = {TC_METRIC_GAUGE, "process_max_fds",
				  "File descriptors that the server may open."},
	[TC_M_PROCESS_START] = {TC_METRIC_GAUGE, "process_start_time_seconds",
				"When the server started, since 1970."},
};

int tc_metric_index(const char *const *values, const char *word, size_t len)
{
	for (int i = 0; values[i]; i++) {
		if (strlen(values[i]) == len && memcmp(values[i], word, len) == 0) {
			return i;
		}
	}
	return -1;
}
