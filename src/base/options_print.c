// SPDX-License-Identifier: Apache-2.0
#include "base/options_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static const char *const source_names[] = {"default", "file", "environment", "flag"};

static void value_text(const struct tc_options *o, size_t i, char *out, size_t size)
{
	const struct tc_option *option = &o->table[i];
	const void *at = tc_option_field(o, option);
	if (option->type == TC_OPTION_INT) {
		snprintf(out, size, "%" PRId64, *(const int64_t *)at);
	} else if (option->type == TC_OPTION_BOOL) {
		snprintf(out, size, "%s", *(const bool *)at ? "true" : "false");
	} else {
		const char *text = *(char *const *)at;
		snprintf(out, size, "%s", !text ? "" : option->secret && *text ? "***" : text);
	}
}

void tc_options_print(const struct tc_options *o, struct tc_buf *out, bool json)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	if (json) {
		tc_json_begin_object(&w);
	}
	for (size_t i = 0; i < o->count; i++) {
		char value[1024];
		value_text(o, i, value, sizeof(value));
		if (json) {
			tc_json_key(&w, o->table[i].name);
			tc_json_begin_object(&w);
			tc_json_field_str(&w, "value", value);
			tc_json_field_str(&w, "source", source_names[o->source[i]]);
			tc_json_end_object(&w);
		} else {
			tc_buf_putf(out, "%s=%s  # %s\n", o->table[i].name, value,
				    source_names[o->source[i]]);
		}
	}
	if (json) {
		tc_json_end_object(&w);
		tc_buf_puts(out, "\n");
	}
}

/* A switch is off unless it is given, and a text may be empty. */
static bool default_is_news(const struct tc_option *option)
{
	bool off = option->type == TC_OPTION_BOOL && option->initial &&
		   strcmp(option->initial, "false") == 0;
	return option->initial && option->initial[0] && !off;
}

void tc_options_help(const struct tc_options *o, struct tc_buf *out)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct tc_option *option = &o->table[i];
		char name[64];
		tc_option_flag_name(option->name, name, sizeof(name));
		bool unit = option->unit && !strstr(option->doc, option->unit);
		bool initial = default_is_news(option);
		tc_buf_putf(out, "  --%-26s %s%s%s%s%s%s\n", name, option->doc, unit ? " (" : "",
			    unit ? option->unit : "", unit ? ")" : "", initial ? "; default " : "",
			    initial ? option->initial : "");
	}
}

void tc_options_markdown(const struct tc_options *o, struct tc_buf *out)
{
	tc_buf_puts(out, "| setting | flag | default | expected | what it does |\n"
			 "| --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < o->count; i++) {
		const struct tc_option *option = &o->table[i];
		char name[64];
		tc_option_flag_name(option->name, name, sizeof(name));
		char expected[96] = "text";
		if (option->type == TC_OPTION_INT) {
			snprintf(expected, sizeof(expected), "%" PRId64 " to %" PRId64 "%s%s",
				 option->min, option->max, option->unit ? " " : "",
				 option->unit ? option->unit : "");
		} else if (option->type == TC_OPTION_BOOL) {
			snprintf(expected, sizeof(expected), "true or false");
		} else if (option->type == TC_OPTION_ENUM) {
			/* A bar inside a table cell would end it. */
			size_t n = 0;
			for (const char *p = option->choices; *p && n + 4 < sizeof(expected); p++) {
				n += (size_t)snprintf(expected + n, sizeof(expected) - n,
						      *p == '|' ? ", " : "%c", *p);
			}
		}
		tc_buf_putf(out, "| `%s` | `--%s` | %s%s%s | %s | %s |\n", option->name, name,
			    option->initial ? "`" : "", option->initial ? option->initial : "none",
			    option->initial ? "`" : "", expected, option->doc);
	}
}
