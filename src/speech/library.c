// SPDX-License-Identifier: Apache-2.0
#include "speech/library.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/log.h"

TC_LOG_TOPIC("speech.library");

int tc_library_open(const char *soname, const struct tc_symbol *symbols, size_t count)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		TC_WARN(NULL, "%s is not installed", soname);
		return -ENOENT;
	}
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, symbols[i].name);
		if (!symbol) {
			TC_WARN(NULL, "%s lacks %s", soname, symbols[i].name);
			dlclose(library);
			return -ENOENT;
		}
		*(void **)symbols[i].at = symbol; /* POSIX lets a void * hold a function */
	}
	return 0;
}
