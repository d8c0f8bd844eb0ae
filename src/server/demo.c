// SPDX-License-Identifier: Apache-2.0
#include "server/demo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/password.h"

#define COACH_EMAIL  "coach@demo.test"
#define CLIENT_EMAIL "client@demo.test"
#define ADMIN_EMAIL  "admin@demo.test"

static int add_person(struct tc_store *store, const char *email, const char *name,
		      enum tc_role role, int64_t now_ms, char *password, char *id)
{
	struct tc_user user = {.role = role, .created_ms = now_ms};
	char hash[TC_PASSWORD_HASH_SIZE];
	tc_id_random(user.id, 20);
	snprintf(user.email, sizeof(user.email), "%s", email);
	snprintf(user.name, sizeof(user.name), "%s", name);
	snprintf(id, TC_ID_SIZE, "%s", user.id);
	tc_password_generate(password);
	int err = tc_password_hash(password, hash);
	return err ? err : tc_store_user_add(store, &user, hash);
}

int tc_demo_make(struct tc_store *store, int64_t now_ms, struct tc_demo *out)
{
	*out = (struct tc_demo){.coach_email = COACH_EMAIL,
				.client_email = CLIENT_EMAIL,
				.admin_email = ADMIN_EMAIL};
	struct tc_appointment a = {.room = TC_DEMO_ROOM, .minutes = 50};
	int64_t users = 0;
	int err = tc_store_user_count(store, &users);
	if (err) {
		return err;
	}
	if (users > 0) {
		struct tc_user coach;
		err = tc_store_appointment(store, TC_DEMO_ROOM, &a);
		err = err ? err : tc_store_user(store, a.coach, &coach);
		bool ours = !err && strcmp(coach.email, COACH_EMAIL) == 0;
		return ours ? 0 : err && err != -ENOENT ? err : -EEXIST;
	}
	err = add_person(store, COACH_EMAIL, "Casey Coach", TC_ROLE_COACH, now_ms,
			 out->coach_password, a.coach);
	err = err ? err
		  : add_person(store, CLIENT_EMAIL, "Robin Client", TC_ROLE_CLIENT, now_ms,
			       out->client_password, a.client);
	char admin[TC_ID_SIZE];
	err = err ? err
		  : add_person(store, ADMIN_EMAIL, "Alex Admin", TC_ROLE_ADMIN, now_ms,
			       out->admin_password, admin);
	return err ? err : tc_store_appointment_add(store, &a);
}

void tc_demo_print(const struct tc_demo *demo, const char *url)
{
	if (!demo->coach_password[0]) {
		printf("The demo call is at %s/room/%s (its passwords were shown at the first "
		       "start).\n",
		       url, TC_DEMO_ROOM);
		return;
	}
	printf("First start: here are two people, an admin and a call to try. The passwords are "
	       "shown once.\n"
	       "\n"
	       "  coach    %-18s password  %s\n"
	       "  client   %-18s password  %s\n"
	       "  admin    %-18s password  %s\n"
	       "\n"
	       "Open %s/room/%s twice: as the coach in this browser, and as the client\n"
	       "in another one or in a private window. What goes on is at %s/admin.\n"
	       "\n",
	       demo->coach_email, demo->coach_password, demo->client_email, demo->client_password,
	       demo->admin_email, demo->admin_password, url, TC_DEMO_ROOM, url);
}
