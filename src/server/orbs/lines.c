// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/lines.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("orb.output");

void tc_lines_init(struct tc_lines *lines, const char *tag, int64_t now_ms)
{
	*lines = (struct tc_lines){.tag = tag, .tokens = TC_LINES_BURST, .filled_ms = now_ms};
}

static bool may_log(struct tc_lines *lines, int64_t now_ms)
{
	lines->tokens += (double)(now_ms - lines->filled_ms) * TC_LINES_RATE / 1000;
	lines->tokens = lines->tokens < TC_LINES_BURST ? lines->tokens : TC_LINES_BURST;
	lines->filled_ms = now_ms;
	if (lines->tokens < 1) {
		return false;
	}
	lines->tokens--;
	return true;
}

static void end_line(struct tc_lines *lines, int64_t now_ms)
{
	while (lines->len && lines->line[lines->len - 1] == '\r') {
		lines->len--;
	}
	lines->line[lines->len] = '\0';
	if (lines->len > 0 && may_log(lines, now_ms)) {
		if (lines->lost) {
			TC_WARN(lines->tag, "%" PRIu64 " lines of output were dropped",
				lines->lost);
			lines->lost = 0;
		}
		TC_INFO(lines->tag, "%s%s", lines->line, lines->cut ? "..." : "");
	} else if (lines->len > 0) {
		lines->lost++;
	}
	lines->len = 0;
	lines->cut = false;
}

void tc_lines_push(struct tc_lines *lines, const char *data, size_t len, int64_t now_ms)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;
		size_t room = TC_LINES_MAX_LEN - lines->len;
		memcpy(lines->line + lines->len, data, n < room ? n : room);
		lines->len += n < room ? n : room;
		lines->cut |= n > room;
		if (newline) {
			end_line(lines, now_ms);
			n++;
		}
		data += n;
		len -= n;
	}
}

void tc_lines_flush(struct tc_lines *lines, int64_t now_ms)
{
	end_line(lines, now_ms);
	if (lines->lost) {
		TC_WARN(lines->tag, "%" PRIu64 " lines of output were dropped", lines->lost);
		lines->lost = 0;
	}
}
