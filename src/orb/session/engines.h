/* orb/session/engines.h -- recognizer and synthesizer, loaded on a thread of their own: the models
 * take a third of a second, and the orb is in the room long before. An orb out of the nest has them
 * from birth: loaded once in the nest, shared copy-on-write.
 */
#ifndef TC_ORB_ENGINES_H
#define TC_ORB_ENGINES_H

#include "orb/args.h"
#include "speech/recognizer.h"
#include "speech/synthesizer.h"

struct tc_engines {
	const struct tc_recognizer_ops *recognizer_ops;
	struct tc_recognizer *recognizer; /* owned */
	const struct tc_synthesizer_ops *synthesizer_ops;
	struct tc_synthesizer *synthesizer; /* owned */
	bool lent;                          /* the nest's: shared with others, and never freed */
	int err;                            /* not 0: nothing above is there */
	char why[256];
};

/* Loads now, on this thread, for all that are forked from us: the loader of an orb with the same
 * settings finds them. A negative error with a line in `why`. */
int tc_engines_preload(const struct tc_orb_args *args, char *why, size_t size);
void tc_engines_forget(void); /* frees what was preloaded; in the nest itself */

struct tc_engine_loader;

/* loaded() comes on the loader's thread, or from inside this call where they are preloaded (*out is
 * NULL then); once, and hands the engines over; it must only queue. */
int tc_engine_loader_start(struct tc_engine_loader **out, const struct tc_orb_args *args,
			   void (*loaded)(void *user, struct tc_engines *take), void *user);
void tc_engine_loader_join(struct tc_engine_loader *loader); /* waits, frees; NULL-safe */
/* Without waiting; false: it is still loading, and keeps all it has. NULL-safe. */
bool tc_engine_loader_try_join(struct tc_engine_loader *loader);
void tc_engines_destroy(struct tc_engines *engines);
/* -EINVAL with a line in `why` if the settings name an engine that does not exist. */
int tc_engines_check(const struct tc_orb_args *args, char *why, size_t size);
/* A negative errno with a line in `why` if the recognizer's model is not there. Looks at names
 * only, so that the orb can say so before it enters the room. */
int tc_engines_model_check(const struct tc_orb_args *args, char *why, size_t size);

#endif
