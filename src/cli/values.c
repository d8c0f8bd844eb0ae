// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

bool tc_cli_email_ok(const char *email)
{
	const char *at = strchr(email, '@');
	size_t len = strlen(email);
	if (!at || at == email || !at[1] || strchr(at + 1, '@') || len >= TC_EMAIL_SIZE) {
		return false;
	}
	for (const char *p = email; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"(),;:\\", *p)) {
			return false;
		}
	}
	return at[1] != '.' && email[len - 1] != '.';
}

bool tc_cli_name_ok(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len >= TC_NAME_SIZE) {
		return false;
	}
	bool visible = false;
	for (size_t i = 0; i < len;) {
		size_t n = tc_utf8_len((const unsigned char *)name + i, len - i);
		if (n == 0 || iscntrl((unsigned char)name[i])) {
			return false;
		}
		visible = visible || name[i] != ' ';
		i += n;
	}
	return visible;
}

/* "Z", "+01:00", "-0530" or nothing (local). */
static int parse_zone(const char *text, struct tm *tm, int64_t *out_s)
{
	if (*text == '\0') {
		tm->tm_isdst = -1;
		*out_s = mktime(tm);
		return 0;
	}
	int64_t utc = timegm(tm);
	if (strcmp(text, "Z") == 0) {
		*out_s = utc;
		return 0;
	}
	int hours = 0;
	int minutes = 0;
	int used = 0;
	char sign = *text++;
	if ((sign != '+' && sign != '-') ||
	    (sscanf(text, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
	     sscanf(text, "%2d%2d%n", &hours, &minutes, &used) != 2) ||
	    text[used] || hours > 14 || minutes > 59) {
		return -EINVAL;
	}
	int offset = hours * 3600 + minutes * 60;
	*out_s = sign == '+' ? utc - offset : utc + offset;
	return 0;
}

int tc_cli_parse_time(const char *text, int64_t *out_ms)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
					      "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"};
	for (size_t i = 0; i < 4; i++) {
		struct tm tm = {0};
		const char *rest = strptime(text, formats[i], &tm);
		if (!rest) {
			continue;
		}
		if (*rest == '.') { /* a fraction, as JavaScript's toISOString() has */
			rest += 1 + strspn(rest + 1, "0123456789");
		}
		/* strptime() takes the 31st of any month; the calendar does not. */
		struct tm copy = tm;
		if (timegm(&copy) < 0 || copy.tm_mday != tm.tm_mday) {
			return -EINVAL;
		}
		int64_t seconds = 0;
		int err = parse_zone(rest, &tm, &seconds);
		*out_ms = seconds * 1000;
		return err;
	}
	return -EINVAL;
}

int tc_cli_parse_duration(const char *text, int64_t *out_s)
{
	char *end = NULL;
	errno = 0;
	long long n = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : 0;
	if (errno || n < 1) {
		return -EINVAL;
	}
	static const char units[] = "smhd";
	static const int seconds[] = {1, 60, 3600, 86400};
	const char *unit = *end ? strchr(units, *end) : units;
	if (!unit || (*end && end[1]) || n > 366LL * 86400 / seconds[unit - units]) {
		return -EINVAL;
	}
	*out_s = n * seconds[unit - units];
	return 0;
}
