// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/assert.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"

const struct tc_recognizer_ops *tc_recognizer_find(const char *name)
{
	static const struct tc_recognizer_ops *const engines[] = {
		&tc_recognizer_pocketsphinx,
		&tc_recognizer_null,
	};
	for (size_t i = 0; i < TC_COUNT(engines); i++) {
		if (strcmp(engines[i]->name, name) == 0) {
			return engines[i];
		}
	}
	return NULL;
}

const struct tc_synthesizer_ops *tc_synthesizer_find(const char *name)
{
	static const struct tc_synthesizer_ops *const engines[] = {
		&tc_synthesizer_flite,
		&tc_synthesizer_null,
	};
	for (size_t i = 0; i < TC_COUNT(engines); i++) {
		if (strcmp(engines[i]->name, name) == 0) {
			return engines[i];
		}
	}
	return NULL;
}
