// SPDX-License-Identifier: Apache-2.0
#include "orb/session/engines.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "speech/model.h"

struct tc_engine_loader {
	const struct tc_orb_args *args; /* borrowed */
	void (*loaded)(void *user, struct tc_engines *take);
	void *user;
	pthread_t thread;
};

static struct {
	struct tc_engines *engines;
	char *settings; /* owned; what they were loaded with */
} preloaded;

/* share/ lies beside build/ in a checkout, and in ../share/tricall of an installation. */
static bool find_share(const struct tc_orb_args *args, const char *file, char *out, size_t size)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(exe, '/');
	if (slash) {
		*slash = '\0';
	}
	const char *candidates[3] = {args->share_dir, NULL, NULL};
	char beside[PATH_MAX], installed[PATH_MAX];
	snprintf(beside, sizeof(beside), "%.3000s/../share", exe);
	snprintf(installed, sizeof(installed), "%.3000s/../share/tricall", exe);
	candidates[1] = beside;
	candidates[2] = installed;
	for (size_t i = 0; i < 3; i++) {
		if (candidates[i]) {
			snprintf(out, size, "%s/%s", candidates[i], file);
			if (access(out, R_OK) == 0) {
				return true;
			}
		}
	}
	return false;
}

int tc_engines_check(const struct tc_orb_args *args, char *why, size_t size)
{
	if (!tc_recognizer_find(args->recognizer)) {
		snprintf(why, size, "ORB_RECOGNIZER=%.40s: expected pocketsphinx or null",
			 args->recognizer);
		return -EINVAL;
	}
	if (!tc_synthesizer_find(args->synthesizer)) {
		snprintf(why, size, "ORB_SYNTHESIZER=%.40s: expected flite or null",
			 args->synthesizer);
		return -EINVAL;
	}
	return 0;
}

int tc_engines_model_check(const struct tc_orb_args *args, char *why, size_t size)
{
	return strcmp(args->recognizer, "pocketsphinx") == 0
		       ? tc_speech_model_check(args->model_dir, why, size)
		       : 0;
}

static int load(const struct tc_orb_args *args, struct tc_engines *e, bool forked)
{
	char domain[PATH_MAX];
	struct tc_recognizer_config config = {
		.model_dir = args->model_dir, .script = args->script, .forked = forked};
	if (find_share(args, "speech/coaching_domain.arpa", domain, sizeof(domain))) {
		config.domain_lm = domain;
	}
	e->synthesizer_ops = tc_synthesizer_find(args->synthesizer);
	int err = e->synthesizer_ops->open(&e->synthesizer, NULL);
	if (err) {
		snprintf(e->why, sizeof(e->why), "the voice %s cannot start: %s", args->synthesizer,
			 tc_err_str(err));
		return err;
	}
	e->recognizer_ops = tc_recognizer_find(args->recognizer);
	err = e->recognizer_ops->open(&e->recognizer, &config);
	if (err) {
		snprintf(e->why, sizeof(e->why), "the recognizer %s cannot start: %s",
			 args->recognizer, tc_err_str(err));
		e->synthesizer_ops->close(e->synthesizer);
		e->synthesizer = NULL;
	}
	return err;
}

static void *loader_main(void *arg)
{
	struct tc_engine_loader *loader = arg;
	prctl(PR_SET_NAME, "loader");
	struct tc_engines *e = calloc(1, sizeof(*e));
	if (e) {
		e->err = load(loader->args, e, false);
	}
	loader->loaded(loader->user, e);
	return NULL;
}

static const char *or_none(const char *text)
{
	return text ? text : "";
}

static char *settings_of(const struct tc_orb_args *args)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_putf(&buf, "%s\n%s\n%s\n%s\n%s", or_none(args->recognizer),
		    or_none(args->synthesizer), or_none(args->script), or_none(args->share_dir),
		    or_none(args->model_dir));
	return tc_buf_take_str(&buf);
}

int tc_engines_preload(const struct tc_orb_args *args, char *why, size_t size)
{
	int err = tc_engines_check(args, why, size);
	if (err) {
		return err;
	}
	struct tc_engines *e = calloc(1, sizeof(*e));
	preloaded.settings = settings_of(args);
	if (!e || !preloaded.settings) {
		free(e);
		snprintf(why, size, "%s", tc_err_str(-ENOMEM));
		return -ENOMEM;
	}
	err = load(args, e, true);
	if (err) {
		snprintf(why, size, "%s", e->why);
		free(e);
		return err;
	}
	preloaded.engines = e;
	return 0;
}

void tc_engines_forget(void)
{
	tc_engines_destroy(preloaded.engines);
	free(preloaded.settings);
	preloaded.engines = NULL;
	preloaded.settings = NULL;
}

/* A copy that says whose they are, or NULL: this orb is set otherwise, or there are none. */
static struct tc_engines *borrow(const struct tc_orb_args *args)
{
	char *wanted = preloaded.engines ? settings_of(args) : NULL;
	bool same = wanted && strcmp(wanted, preloaded.settings) == 0;
	struct tc_engines *e = same ? malloc(sizeof(*e)) : NULL;
	if (e) {
		*e = *preloaded.engines;
		e->lent = true;
	}
	free(wanted);
	return e;
}

int tc_engine_loader_start(struct tc_engine_loader **out, const struct tc_orb_args *args,
			   void (*loaded)(void *user, struct tc_engines *take), void *user)
{
	struct tc_engines *there = borrow(args);
	if (there) {
		*out = NULL;
		loaded(user, there);
		return 0;
	}
	struct tc_engine_loader *loader = calloc(1, sizeof(*loader));
	if (!loader) {
		return -ENOMEM;
	}
	*loader = (struct tc_engine_loader){.args = args, .loaded = loaded, .user = user};
	int err = -pthread_create(&loader->thread, NULL, loader_main, loader);
	if (err) {
		free(loader);
		return err;
	}
	*out = loader;
	return 0;
}

void tc_engine_loader_join(struct tc_engine_loader *loader)
{
	if (loader) {
		pthread_join(loader->thread, NULL);
		free(loader);
	}
}

bool tc_engine_loader_try_join(struct tc_engine_loader *loader)
{
	if (loader && pthread_tryjoin_np(loader->thread, NULL) != 0) {
		return false;
	}
	free(loader);
	return true;
}

void tc_engines_destroy(struct tc_engines *e)
{
	if (!e) {
		return;
	}
	if (e->recognizer && !e->lent) {
		e->recognizer_ops->close(e->recognizer);
	}
	if (e->synthesizer && !e->lent) {
		e->synthesizer_ops->close(e->synthesizer);
	}
	free(e);
}
