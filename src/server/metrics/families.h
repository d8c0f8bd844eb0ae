/* server/metrics/families.h -- what this server counts. docs/operations.md has the same table for
 * people; tests/server/metrics.test.mjs holds one against the other.
 */
#ifndef TC_SERVER_METRICS_FAMILIES_H
#define TC_SERVER_METRICS_FAMILIES_H

#include "server/metrics/registry.h"

enum tc_metric {
	TC_M_BUILD_INFO,
	TC_M_UPTIME,
	TC_M_READY,
	/* rooms and signaling */
	TC_M_ROOMS,
	TC_M_CONNECTIONS,
	TC_M_PARTICIPANTS,
	TC_M_RELAYED,
	TC_M_RELAYED_BYTES,
	TC_M_REFUSED,
	TC_M_UPGRADES_REFUSED,
	/* orbs */
	TC_M_ORBS,
	TC_M_ORB_PLACES,
	TC_M_ORBS_CPU,
	TC_M_ORBS_MEMORY,
	TC_M_ORB_SPAWNS,
	TC_M_ORB_SPAWNS_FAILED,
	TC_M_ORB_EXITS,
	TC_M_ORB_ENDS,
	TC_M_ORB_RESTARTS,
	TC_M_ORB_HANGS,
	TC_M_ORB_JOIN,
	TC_M_ORB_RESTART,
	TC_M_ORB_ANSWER,
	/* calls, as browsers tell */
	TC_M_RTC_CONNECTIONS,
	TC_M_RTC_CONNECT,
	TC_M_RTC_PATHS,
	TC_M_CALL_LOSS,
	TC_M_CALL_JITTER,
	TC_M_CALL_RTT,
	TC_M_CALL_CONCEALED,
	TC_M_CALL_FREEZES,
	TC_M_QUALITY_REPORTS,
	/* HTTP */
	TC_M_HTTP_REQUESTS,
	TC_M_HTTP_BYTES,
	TC_M_SIGNIN_FAILURES,
	TC_M_EVENT_READERS,
	TC_M_EVENT_READERS_DROPPED,
	/* what is stored */
	TC_M_JOURNAL_WRITTEN,
	TC_M_JOURNAL_LOST,
	TC_M_JOURNAL_WAITING,
	TC_M_JOURNAL_WRITE,
	TC_M_DISK_FREE,
	/* the process */
	TC_M_LOOP_LAG,
	TC_M_LOOP_BUSY,
	TC_M_PROCESS_CPU,
	TC_M_PROCESS_MEMORY,
	TC_M_PROCESS_FDS,
	TC_M_PROCESS_FDS_MAX,
	TC_M_PROCESS_START,
	TC_METRIC_COUNT,
};

/* Indices of label values that others than collect.c name. */
enum tc_metric_peer { TC_M_PEER_HUMAN, TC_M_PEER_ORB };
enum tc_metric_result { TC_M_CONNECTED, TC_M_FAILED };
enum tc_metric_report { TC_M_REPORT_TAKEN, TC_M_REPORT_REFUSED, TC_M_REPORT_LIMITED };
enum tc_metric_stage { TC_M_STAGE_CHOSEN, TC_M_STAGE_VOICED, TC_M_STAGE_TOTAL };

extern const struct tc_metric_family tc_metric_families[TC_METRIC_COUNT];
/* Label values that are looked up by word. */
extern const char *const tc_metric_paths[]; /* kinds of ICE candidates (RFC 8445 section 5.1.1) */
extern const char *const tc_metric_ends[];  /* the last one stands for all others */
/* The word's index in a list that ends with NULL, or -1. */
int tc_metric_index(const char *const *values, const char *word, size_t len);

#endif
