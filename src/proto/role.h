/* proto/role.h -- the roles of protocol.md. */
#ifndef TC_PROTO_ROLE_H
#define TC_PROTO_ROLE_H

#include <string.h>

enum tc_role {
	TC_ROLE_NONE,
	TC_ROLE_COACH,
	TC_ROLE_CLIENT,
	TC_ROLE_AI,
	TC_ROLE_ADMIN,
};

static inline const char *tc_role_str(enum tc_role role)
{
	static const char *const names[] = {"none", "coach", "client", "ai", "admin"};
	return names[role];
}

/* TC_ROLE_NONE for anything else. */
static inline enum tc_role tc_role_parse(const char *text)
{
	for (int i = TC_ROLE_COACH; i <= TC_ROLE_ADMIN; i++) {
		if (strcmp(text, tc_role_str((enum tc_role)i)) == 0) {
			return (enum tc_role)i;
		}
	}
	return TC_ROLE_NONE;
}

#endif
