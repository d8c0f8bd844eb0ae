/* base/options_priv.h -- what reading options and telling of them share. */
#ifndef TC_BASE_OPTIONS_PRIV_H
#define TC_BASE_OPTIONS_PRIV_H

#include <ctype.h>
#include <stddef.h>

#include "base/options.h"

static inline void *tc_option_field(const struct tc_options *o, const struct tc_option *option)
{
	return (char *)o->config + option->offset;
}

/* "DATA_DIR" is --data-dir. */
static inline void tc_option_flag_name(const char *name, char *out, size_t size)
{
	size_t i = 0;
	for (; name[i] && i + 1 < size; i++) {
		out[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
	}
	out[i] = '\0';
}

#endif
