/* server/orbs/lines.h -- a program's output, as log lines: bounded in length and in number.
 *
 * Pure, but for the log. Thread: the loop's.
 */
#ifndef TC_SERVER_ORBS_LINES_H
#define TC_SERVER_ORBS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_LINES_MAX_LEN 1000 /* bytes; the rest of a longer line is cut off */
#define TC_LINES_BURST   200
#define TC_LINES_RATE    50 /* a second, beyond the burst; others are counted and dropped */

struct tc_lines {
	const char *tag; /* borrowed, outlives us */
	char line[TC_LINES_MAX_LEN + 1];
	size_t len;
	bool cut;
	double tokens;
	int64_t filled_ms;
	uint64_t lost; /* not yet said */
};

void tc_lines_init(struct tc_lines *lines, const char *tag, int64_t now_ms);
void tc_lines_push(struct tc_lines *lines, const char *data, size_t len, int64_t now_ms);
void tc_lines_flush(struct tc_lines *lines, int64_t now_ms); /* a last line without an end */

#endif
