/* base/log.h -- log lines by topic and level.
 *
 * A file names its topic once with TC_LOG_TOPIC("rtc.ice"). Levels are set per topic by glob:
 * "info,rtc.*=debug". error = we gave up on something a user will notice; warn = odd, handled;
 * info = one line a lifecycle step, never more than one a second; debug = messages; trace =
 * packets. Never tokens, keys or what people said. `tag` says which object speaks ("room demo");
 * NULL is fine.
 *
 * Thread: any. A line is one write(2), so lines of several threads never mix.
 */
#ifndef TC_BASE_LOG_H
#define TC_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum tc_log_level {
	TC_LOG_ERROR,
	TC_LOG_WARN,
	TC_LOG_INFO,
	TC_LOG_DEBUG,
	TC_LOG_TRACE,
};

enum tc_log_format {
	TC_LOG_TEXT,
	TC_LOG_JSON,
};

struct tc_log_topic {
	const char *name;
	int level; /* cached; refreshed when generation differs */
	unsigned generation;
};

typedef void (*tc_log_sink)(void *user, enum tc_log_level level, const char *topic, const char *tag,
			    const char *text);

/* `spec`: "LEVEL[,GLOB=LEVEL...]". Returns 0, or -EINVAL with nothing changed. Call before threads.
 */
int tc_log_init(const char *spec, enum tc_log_format format);
/* NULL restores stderr. Tests use it to look at lines. */
void tc_log_set_sink(tc_log_sink sink, void *user);
bool tc_log_on(struct tc_log_topic *topic, enum tc_log_level level);
void tc_log_write(struct tc_log_topic *topic, enum tc_log_level level, const char *tag,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* -1 for an unknown word. */
int tc_log_level_parse(const char *word);
const char *tc_log_level_str(enum tc_log_level level);

#define TC_LOG_TOPIC(topic_name) static struct tc_log_topic log_topic = {.name = (topic_name)}
#define TC_LOG(level, tag, ...)                                                \
	do {                                                                   \
		if (tc_log_on(&log_topic, (level))) {                          \
			tc_log_write(&log_topic, (level), (tag), __VA_ARGS__); \
		}                                                              \
	} while (0)
#define TC_ERROR(tag, ...) TC_LOG(TC_LOG_ERROR, tag, __VA_ARGS__)
#define TC_WARN(tag, ...)  TC_LOG(TC_LOG_WARN, tag, __VA_ARGS__)
#define TC_INFO(tag, ...)  TC_LOG(TC_LOG_INFO, tag, __VA_ARGS__)
#define TC_DEBUG(tag, ...) TC_LOG(TC_LOG_DEBUG, tag, __VA_ARGS__)
#define TC_TRACE(tag, ...) TC_LOG(TC_LOG_TRACE, tag, __VA_ARGS__)

#endif
