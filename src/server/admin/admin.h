/* server/admin/admin.h -- the handlers for operators and for what pages report. Thread: the loop's.
 */
#ifndef TC_SERVER_ADMIN_ADMIN_H
#define TC_SERVER_ADMIN_ADMIN_H

#include "server/http_site.h"

void tc_admin_page(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_overview(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_orb(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_events(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_quality(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_readyz(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_admin_healthz(struct tc_site *site, struct tc_http_request *request, const char *room);

void tc_admin_answer_ready(void *site, void *request, const struct tc_ready_found *found);

/* The feed's write; reader is a struct tc_event_reader. */
int tc_admin_write(void *reader, const char *data, size_t len);
/* Once a second: comments that keep readers' connections open, and who is no admin any more goes.
 */
void tc_admin_tick(struct tc_site *site);
/* The server ends: so do the streams. */
void tc_admin_end_streams(struct tc_site *site);

#endif
