// SPDX-License-Identifier: Apache-2.0
#include "orb/nest/title.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *area;
static size_t area_size;

/* The arguments lie one behind the other, and the environment behind them. */
static char *end_of_block(int argc, char **argv)
{
	char *end = argv[0];
	for (int i = 0; i < argc && argv[i] == end; i++) {
		end += strlen(argv[i]) + 1;
	}
	return end;
}

int tc_title_init(int argc, char **argv)
{
	if (area || argc < 1) {
		return 0;
	}
	size_t count = 0;
	while (environ[count]) {
		count++;
	}
	char **copy = calloc(count + 1, sizeof(*copy));
	if (!copy) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		copy[i] = strdup(environ[i]);
		if (!copy[i]) {
			return -ENOMEM; /* the process ends on this */
		}
	}
	environ = copy;
	area_size = (size_t)(end_of_block(argc, argv) - argv[0]);
	area = argv[0];
	return 0;
}

void tc_title_set(char *const *argv)
{
	size_t used = 0;
	for (; area && *argv && used + 2 < area_size; argv++) {
		size_t len = strlen(*argv);
		size_t room = area_size - used - 2;
		len = len < room ? len : room;
		memcpy(area + used, *argv, len);
		area[used + len] = '\0';
		used += len + 1;
	}
	if (area) {
		memset(area + used, 0, area_size - used);
	}
}

void tc_title_say(const char *text)
{
	char *copy = strdup(text);
	if (copy) {
		tc_title_set((char *const[]){copy, NULL});
	}
	free(copy);
}
