// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stddef.h>
#include <string.h>

const char *tc_err_str(int err)
{
	if (err < 0) {
		err = -err;
	}
	switch (err) {
	case 0:
		return "no error";
#define X(name, code, text) \
	case code:          \
		return text;
		TC_ERR_LIST(X)
#undef X
	}
	const char *text = strerrordesc_np(err);
	return text != NULL ? text : "unknown error";
}
