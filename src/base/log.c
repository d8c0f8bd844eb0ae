// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"

#define MAX_RULES    16
#define MAX_TEXT     1536
#define MAX_TAG_SIZE 256
/* JSON makes three bytes of one that is no UTF-8 and six of a control character: a line that did
 * not fit would be cut off, and be no JSON any more. */
#define LINE_MAX_SIZE (3 * MAX_TEXT + 6 * MAX_TAG_SIZE + 512)

struct rule {
	char glob[48];
	enum tc_log_level level;
};

static struct {
	enum tc_log_level level;
	struct rule rules[MAX_RULES];
	int rule_count;
	enum tc_log_format format;
	tc_log_sink sink;
	void *sink_user;
	_Atomic unsigned generation;
} config = {.level = TC_LOG_INFO, .generation = 1};

static const char *const names[] = {"error", "warn", "info", "debug", "trace"};

int tc_log_level_parse(const char *word)
{
	for (int i = 0; i < 5; i++) {
		if (strcmp(word, names[i]) == 0) {
			return i;
		}
	}
	return -1;
}

const char *tc_log_level_str(enum tc_log_level level)
{
	return names[level];
}

int tc_log_init(const char *spec, enum tc_log_format format)
{
	struct rule rules[MAX_RULES];
	int count = 0;
	int base = TC_LOG_INFO;
	char copy[512];
	if (strlen(spec) >= sizeof(copy)) {
		return -EINVAL;
	}
	strcpy(copy, spec);
	char *save = NULL;
	for (char *part = strtok_r(copy, ", ", &save); part; part = strtok_r(NULL, ", ", &save)) {
		char *eq = strchr(part, '=');
		int level = tc_log_level_parse(eq ? eq + 1 : part);
		if (level < 0) {
			return -EINVAL;
		}
		if (!eq) {
			base = level;
			continue;
		}
		*eq = '\0';
		if (count == MAX_RULES || strlen(part) >= sizeof(rules[0].glob)) {
			return -EINVAL;
		}
		strcpy(rules[count].glob, part);
		rules[count++].level = (enum tc_log_level)level;
	}
	config.level = (enum tc_log_level)base;
	memcpy(config.rules, rules, sizeof(rules[0]) * (size_t)count);
	config.rule_count = count;
	config.format = format;
	atomic_fetch_add(&config.generation, 1);
	return 0;
}

void tc_log_set_sink(tc_log_sink sink, void *user)
{
	config.sink = sink;
	config.sink_user = user;
}

static int topic_level(const char *name)
{
	int level = config.level;
	for (int i = 0; i < config.rule_count; i++) {
		if (fnmatch(config.rules[i].glob, name, 0) == 0) {
			level = config.rules[i].level; /* the last match wins */
		}
	}
	return level;
}

bool tc_log_on(struct tc_log_topic *topic, enum tc_log_level level)
{
	/* Two threads may both refresh the cache: they store the same values. */
	unsigned now = atomic_load_explicit(&config.generation, memory_order_acquire);
	if (__atomic_load_n(&topic->generation, __ATOMIC_ACQUIRE) != now) {
		__atomic_store_n(&topic->level, topic_level(topic->name), __ATOMIC_RELAXED);
		__atomic_store_n(&topic->generation, now, __ATOMIC_RELEASE);
	}
	return (int)level <= __atomic_load_n(&topic->level, __ATOMIC_RELAXED);
}

static void write_text(enum tc_log_level level, const char *topic, const char *tag,
		       const char *text)
{
	struct timespec ts;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	char when[32];
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	char line[LINE_MAX_SIZE];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, line, sizeof(line) - 1);
	if (config.format == TC_LOG_JSON) {
		struct tc_json_writer w;
		tc_json_writer_init(&w, &buf);
		tc_json_begin_object(&w);
		char stamp[48];
		snprintf(stamp, sizeof(stamp), "%s.%03ldZ", when, ts.tv_nsec / 1000000);
		tc_json_field_str(&w, "time", stamp);
		tc_json_field_str(&w, "level", names[level]);
		tc_json_field_str(&w, "topic", topic);
		if (tag) {
			tc_json_key(&w, "tag");
			tc_json_put_strn(&w, tag, strnlen(tag, MAX_TAG_SIZE));
		}
		tc_json_field_str(&w, "msg", text);
		tc_json_end_object(&w);
	} else {
		tc_buf_putf(&buf, "%s.%03ldZ %-5s %s: %.*s%s%s", when, ts.tv_nsec / 1000000,
			    names[level], topic, MAX_TAG_SIZE, tag ? tag : "", tag ? ": " : "",
			    text);
	}
	size_t len = buf.len;
	line[len++] = '\n';
	ssize_t n = write(STDERR_FILENO, line, len);
	(void)n; /* nowhere left to complain */
}

void tc_log_write(struct tc_log_topic *topic, enum tc_log_level level, const char *tag,
		  const char *fmt, ...)
{
	int saved = errno;
	char text[MAX_TEXT];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A log line is one line, whatever a peer put into a name. */
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = ' ';
		}
	}
	if (config.sink) {
		config.sink(config.sink_user, level, topic->name, tag, text);
	} else {
		write_text(level, topic->name, tag, text);
	}
	errno = saved;
}
