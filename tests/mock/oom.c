// SPDX-License-Identifier: Apache-2.0
#include "mock/oom.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long countdown = -1;
static _Thread_local bool fired;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void tc_oom_arm(long n)
{
	countdown = n;
	fired = false;
}

bool tc_oom_disarm(void)
{
	countdown = -1;
	return fired;
}

static bool fails(void)
{
	if (countdown < 0) {
		return false;
	}
	if (countdown-- == 0) {
		fired = true;
		return true;
	}
	return false;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
	return fails() ? NULL : __real_strndup(text, n);
}
