/* base/options.h -- one table of settings, from which file, environment, flags, --help and the docs
 * come.
 *
 * A program describes its settings once (name, type, default, bounds, one line of doc) as fields of
 * a config struct. Sources, weakest first: default, `.env` file, environment, flag. Modules never
 * see this: main copies what they need into their own config structs.
 */
#ifndef TC_BASE_OPTIONS_H
#define TC_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum tc_option_type {
	TC_OPTION_STR,  /* field: char *, owned by the options; NULL when the default is NULL */
	TC_OPTION_INT,  /* field: int64_t */
	TC_OPTION_BOOL, /* field: bool; true/false, 1/0, yes/no, on/off; a bare flag means true */
	TC_OPTION_ENUM, /* field: char *; one of `choices`, separated by '|' */
};

struct tc_option {
	const char *name; /* environment name, "MAX_CONCURRENT_ORBS"; its flag is
			     --max-concurrent-orbs */
	enum tc_option_type type;
	size_t offset;       /* of the field in the config struct */
	const char *initial; /* default, as text; NULL: none */
	int64_t min, max;    /* TC_OPTION_INT */
	const char *choices; /* TC_OPTION_ENUM */
	const char *unit;    /* "ms", "MB"; NULL: none */
	bool secret;         /* shown as *** */
	const char *doc;     /* one line */
};

enum tc_option_source {
	TC_FROM_DEFAULT,
	TC_FROM_FILE,
	TC_FROM_ENVIRONMENT,
	TC_FROM_FLAG,
};

struct tc_options {
	const struct tc_option *table; /* borrowed, `count` rows */
	size_t count;
	void *config;                  /* borrowed; the struct the offsets point into */
	enum tc_option_source *source; /* owned, per row */
	char error[256];               /* the one line to print after a failed call */
};

/* Fills the config with the defaults. -ENOMEM, or -EINVAL for a table that contradicts itself. */
int tc_options_init(struct tc_options *o, const struct tc_option *table, size_t count,
		    void *config);
void tc_options_finish(struct tc_options *o); /* frees the strings in the config too */
/* KEY=VALUE lines, # comments, optional quotes. A missing file is no error; an unknown key is
 * ignored (a .env is shared with other programs). -EINVAL: see error. */
int tc_options_load_file(struct tc_options *o, const char *path);
int tc_options_load_env(struct tc_options *o);
/* Takes --name=value, --name value, and of a bool --name and --no-name out of argv, which is
 * compacted in place; what is no option of ours stays. A bool takes the next argument only if that
 * is one of a bool's words. Stops at "--". -EINVAL: see error. */
int tc_options_load_flags(struct tc_options *o, int *argc, char **argv);
int tc_options_set(struct tc_options *o, const char *name, const char *value,
		   enum tc_option_source from);
#define TC_OPTION_NAME_SIZE 64
/* A setting as whoever gave it its value wrote it: "--data-dir" by a flag, else its name. */
const char *tc_options_spelling(const struct tc_options *o, const char *name,
				char out[TC_OPTION_NAME_SIZE]);
/* NAME=value lines with the source of each; secrets hidden. */
void tc_options_print(const struct tc_options *o, struct tc_buf *out, bool json);
void tc_options_help(const struct tc_options *o, struct tc_buf *out);
void tc_options_markdown(const struct tc_options *o, struct tc_buf *out);

#endif
