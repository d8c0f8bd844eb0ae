/* server/demo.h -- something to try: a coach, a client, an admin and room `demo`, in an empty
 * database.
 */
#ifndef TC_SERVER_DEMO_H
#define TC_SERVER_DEMO_H

#include "store/store.h"

#define TC_DEMO_ROOM "demo"

struct tc_demo {
	char coach_email[TC_EMAIL_SIZE], client_email[TC_EMAIL_SIZE], admin_email[TC_EMAIL_SIZE];
	char coach_password[20], client_password[20],
		admin_password[20]; /* "" when the demo was there before */
};

/* 0: the demo is there (with passwords if it was made now); -EEXIST: other people are, nothing was
 * done; or an error. Hashes passwords: before the loop runs. */
int tc_demo_make(struct tc_store *store, int64_t now_ms, struct tc_demo *out);
/* What a person needs to try it, to stdout. */
void tc_demo_print(const struct tc_demo *demo, const char *url);

#endif
