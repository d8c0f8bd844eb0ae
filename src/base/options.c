// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/options_priv.h"

static bool parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"true", "1", "yes", "on"};
	static const char *const no[] = {"false", "0", "no", "off"};
	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*out = true;
			return true;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*out = false;
			return true;
		}
	}
	return false;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);
	for (const char *p = choices; *p;) {
		size_t len = strcspn(p, "|");
		if (len == n && memcmp(p, value, n) == 0) {
			return true;
		}
		p += len + (p[len] == '|');
	}
	return false;
}

static ssize_t find_option(const struct tc_options *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->table[i].name, name) == 0) {
			return (ssize_t)i;
		}
	}
	return -1;
}

const char *tc_options_spelling(const struct tc_options *o, const char *name,
				char out[TC_OPTION_NAME_SIZE])
{
	ssize_t i = find_option(o, name);
	if (i < 0 || o->source[i] != TC_FROM_FLAG) {
		return name;
	}
	memcpy(out, "--", 2);
	tc_option_flag_name(name, out + 2, TC_OPTION_NAME_SIZE - 2);
	return out;
}

static int refuse(struct tc_options *o, const struct tc_option *option, const char *value,
		  const char *expected)
{
	char name[TC_OPTION_NAME_SIZE];
	snprintf(o->error, sizeof(o->error), "%s=%s: expected %s",
		 tc_options_spelling(o, option->name, name), option->secret ? "***" : value,
		 expected);
	return -EINVAL;
}

static int set_string(struct tc_options *o, const struct tc_option *option, const char *value)
{
	char **to = tc_option_field(o, option);
	char *copy = value ? strdup(value) : NULL;
	if (value && !copy) {
		snprintf(o->error, sizeof(o->error), "%s: out of memory", option->name);
		return -ENOMEM;
	}
	free(*to);
	*to = copy;
	return 0;
}

static int set_int(struct tc_options *o, const struct tc_option *option, const char *value)
{
	char expected[96];
	snprintf(expected, sizeof(expected), "a whole number%s%s from %" PRId64 " to %" PRId64,
		 option->unit ? " of " : "", option->unit ? option->unit : "", option->min,
		 option->max);
	char *end = NULL;
	errno = 0;
	long long v = value ? strtoll(value, &end, 10) : 0;
	if (!value || end == value || *end || errno || v < option->min || v > option->max) {
		return refuse(o, option, value ? value : "", expected);
	}
	*(int64_t *)tc_option_field(o, option) = v;
	return 0;
}

static int set_value(struct tc_options *o, const struct tc_option *option, const char *value)
{
	switch (option->type) {
	case TC_OPTION_STR:
		return set_string(o, option, value);
	case TC_OPTION_INT:
		return set_int(o, option, value);
	case TC_OPTION_BOOL:
		if (!value || !parse_bool(value, tc_option_field(o, option))) {
			return refuse(o, option, value ? value : "", "true or false");
		}
		return 0;
	case TC_OPTION_ENUM:
		if (!value || !is_choice(option->choices, value)) {
			return refuse(o, option, value ? value : "", option->choices);
		}
		return set_string(o, option, value);
	}
	return -EINVAL;
}

int tc_options_init(struct tc_options *o, const struct tc_option *table, size_t count, void *config)
{
	*o = (struct tc_options){.table = table, .count = count, .config = config};
	o->source = calloc(count ? count : 1, sizeof(*o->source));
	if (!o->source) {
		snprintf(o->error, sizeof(o->error), "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (table[i].type == TC_OPTION_STR || table[i].type == TC_OPTION_ENUM) {
			*(char **)tc_option_field(o, &table[i]) = NULL;
		}
	}
	for (size_t i = 0; i < count; i++) {
		int err = set_value(o, &table[i], table[i].initial);
		if (err) {
			tc_options_finish(o);
			return err;
		}
	}
	return 0;
}

void tc_options_finish(struct tc_options *o)
{
	for (size_t i = 0; o->source && i < o->count; i++) {
		if (o->table[i].type == TC_OPTION_STR || o->table[i].type == TC_OPTION_ENUM) {
			char **text = tc_option_field(o, &o->table[i]);
			free(*text);
			*text = NULL;
		}
	}
	free(o->source);
	o->source = NULL;
}

int tc_options_set(struct tc_options *o, const char *name, const char *value,
		   enum tc_option_source from)
{
	ssize_t i = find_option(o, name);
	if (i < 0) {
		snprintf(o->error, sizeof(o->error), "%s: no such setting", name);
		return -ENOENT;
	}
	enum tc_option_source before = o->source[i];
	o->source[i] = from; /* an error names what was typed */
	int err = set_value(o, &o->table[i], value);
	if (err) {
		o->source[i] = before;
	}
	return err;
}

static char *trim(char *text)
{
	while (isspace((unsigned char)*text)) {
		text++;
	}
	size_t n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1])) {
		text[--n] = '\0';
	}
	return text;
}

static int load_line(struct tc_options *o, char *line)
{
	char *text = trim(line);
	if (*text == '\0' || *text == '#') {
		return 0;
	}
	if (strncmp(text, "export ", 7) == 0) {
		text = trim(text + 7);
	}
	char *eq = strchr(text, '=');
	if (!eq) {
		snprintf(o->error, sizeof(o->error), "expected NAME=value");
		return -EINVAL;
	}
	*eq = '\0';
	char *name = trim(text);
	char *value = trim(eq + 1);
	size_t n = strlen(value);
	if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
		value[n - 1] = '\0';
		value++;
	}
	return find_option(o, name) < 0 ? 0 : tc_options_set(o, name, value, TC_FROM_FILE);
}

int tc_options_load_file(struct tc_options *o, const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		if (errno == ENOENT) {
			return 0;
		}
		int err = -errno;
		snprintf(o->error, sizeof(o->error), "%s: %s", path, strerror(-err));
		return err;
	}
	char *line = NULL;
	size_t size = 0;
	int err = 0;
	for (int number = 1; !err && getline(&line, &size, file) >= 0; number++) {
		err = load_line(o, line);
		if (err) {
			char why[200];
			snprintf(why, sizeof(why), "%.199s", o->error);
			snprintf(o->error, sizeof(o->error), "%.40s:%d: %s", path, number, why);
		}
	}
	free(line);
	fclose(file);
	return err;
}

int tc_options_load_env(struct tc_options *o)
{
	for (size_t i = 0; i < o->count; i++) {
		const char *value = getenv(o->table[i].name);
		int err =
			value ? tc_options_set(o, o->table[i].name, value, TC_FROM_ENVIRONMENT) : 0;
		if (err) {
			return err;
		}
	}
	return 0;
}

static const struct tc_option *option_of_flag(const struct tc_options *o, const char *flag,
					      size_t len)
{
	for (size_t i = 0; i < o->count; i++) {
		char name[TC_OPTION_NAME_SIZE];
		tc_option_flag_name(o->table[i].name, name, sizeof(name));
		if (strlen(name) == len && memcmp(name, flag, len) == 0) {
			return &o->table[i];
		}
	}
	return NULL;
}

/* Handles argv[i]; returns how many arguments it took (0: not ours), or an error. */
static int load_flag(struct tc_options *o, int argc, char **argv, int i)
{
	const char *flag = argv[i] + 2;
	size_t len = strcspn(flag, "=");
	const struct tc_option *option = option_of_flag(o, flag, len);
	const char *value = flag[len] == '=' ? flag + len + 1 : NULL;
	int taken = 1;
	if (!option && strncmp(flag, "no-", 3) == 0 && !value) {
		option = option_of_flag(o, flag + 3, len - 3);
		if (!option || option->type != TC_OPTION_BOOL) {
			return 0;
		}
		value = "false";
	}
	if (!option) {
		return 0;
	}
	if (!value && option->type == TC_OPTION_BOOL) {
		/* What follows is its value only if it looks like one. */
		bool unused;
		bool follows = i + 1 < argc && parse_bool(argv[i + 1], &unused);
		value = follows ? argv[i + 1] : "true";
		taken = follows ? 2 : 1;
	} else if (!value) {
		if (i + 1 >= argc) {
			snprintf(o->error, sizeof(o->error), "--%.100s: expected a value", flag);
			return -EINVAL;
		}
		value = argv[i + 1];
		taken = 2;
	}
	int err = tc_options_set(o, option->name, value, TC_FROM_FLAG);
	return err ? err : taken;
}

int tc_options_load_flags(struct tc_options *o, int *argc, char **argv)
{
	int kept = 1;
	int i = 1;
	while (i < *argc) {
		if (strcmp(argv[i], "--") == 0) {
			break;
		}
		int taken = strncmp(argv[i], "--", 2) == 0 ? load_flag(o, *argc, argv, i) : 0;
		if (taken < 0) {
			return taken;
		}
		if (taken == 0) {
			argv[kept++] = argv[i++];
		}
		i += taken;
	}
	while (i < *argc) {
		argv[kept++] = argv[i++];
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}
