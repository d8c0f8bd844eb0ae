// SPDX-License-Identifier: Apache-2.0
#include "proto/nest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Raised with every change of what is said here. */
#define VERSION 1

struct order_head {
	struct tc_nest_note note;
	uint32_t argc, envc, has_dir;
};

void tc_nest_note_set(struct tc_nest_note *note, enum tc_nest_word word, uint32_t value)
{
	*note = (struct tc_nest_note){.version = VERSION, .word = word, .value = value};
}

int tc_nest_note_take(struct tc_nest_note *note, const void *data, size_t len)
{
	if (len < sizeof(*note)) {
		return -TC_EPARSE;
	}
	memcpy(note, data, sizeof(*note));
	return note->version == VERSION ? 0 : -TC_EVERSION;
}

static uint32_t count_of(char *const *list)
{
	uint32_t count = 0;
	while (list[count]) {
		count++;
	}
	return count;
}

void tc_nest_order_put(struct tc_buf *out, char *const *argv, char *const *envp, const char *dir)
{
	struct order_head head = {.argc = count_of(argv), .envc = count_of(envp), .has_dir = !!dir};
	tc_nest_note_set(&head.note, TC_NEST_ORDER, 0);
	tc_buf_put(out, &head, sizeof(head));
	for (uint32_t i = 0; i < head.argc; i++) {
		tc_buf_put(out, argv[i], strlen(argv[i]) + 1);
	}
	for (uint32_t i = 0; i < head.envc; i++) {
		tc_buf_put(out, envp[i], strlen(envp[i]) + 1);
	}
	if (dir) {
		tc_buf_put(out, dir, strlen(dir) + 1);
	}
}

/* The next string, or NULL. */
static char *next(char **at, const char *end)
{
	char *text = *at;
	char *zero = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
	*at = zero ? zero + 1 : text;
	return zero ? text : NULL;
}

int tc_nest_order_take(struct tc_nest_order *order, char *data, size_t len)
{
	struct order_head head;
	struct tc_nest_note note;
	int err = tc_nest_note_take(&note, data, len);
	*order = (struct tc_nest_order){0};
	if (err || note.word != TC_NEST_ORDER || len < sizeof(head)) {
		return err ? err : -TC_EPARSE;
	}
	memcpy(&head, data, sizeof(head));
	if (head.argc == 0 || head.argc > len || head.envc > len) { /* each takes a byte or more */
		return -TC_EPARSE;
	}
	char **list = calloc((size_t)head.argc + head.envc + 2, sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	char *at = data + sizeof(head), *end = data + len;
	bool whole = true;
	for (uint32_t i = 0; i < head.argc; i++) {
		whole &= (list[i] = next(&at, end)) != NULL;
	}
	char **env = list + head.argc + 1;
	for (uint32_t i = 0; i < head.envc; i++) {
		whole &= (env[i] = next(&at, end)) != NULL;
	}
	order->dir = head.has_dir ? next(&at, end) : NULL;
	if (!whole || at != end || (head.has_dir && !order->dir)) {
		free(list);
		*order = (struct tc_nest_order){0};
		return -TC_EPARSE;
	}
	order->argc = (int)head.argc;
	order->argv = list;
	order->envp = env;
	return 0;
}

void tc_nest_order_finish(struct tc_nest_order *order)
{
	free(order->argv);
	*order = (struct tc_nest_order){0};
}
