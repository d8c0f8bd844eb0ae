// SPDX-License-Identifier: Apache-2.0
#include "rtc/resolve.h"

#include <errno.h>
#include <stdlib.h>

#include <gio/gio.h>

#define MAX_ADDRESSES 8

struct tc_resolve {
	tc_resolve_fn done; /* NULL: cancelled */
	void *user;
	GCancellable *cancel; /* owned */
};

bool tc_resolve_is_address(const char *host)
{
	return g_hostname_is_ip_address(host);
}

static size_t add_family(gchar **out, size_t count, GList *found, GSocketFamily family)
{
	for (GList *at = found; at && count < MAX_ADDRESSES; at = at->next) {
		if (g_inet_address_get_family(at->data) == family) {
			out[count++] = g_inet_address_to_string(at->data);
		}
	}
	return count;
}

static void on_found(GObject *resolver, GAsyncResult *result, gpointer user)
{
	struct tc_resolve *r = user;
	GError *error = NULL;
	gchar *addresses[MAX_ADDRESSES];
	GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
	size_t count = add_family(addresses, 0, found, G_SOCKET_FAMILY_IPV4);
	count = add_family(addresses, count, found, G_SOCKET_FAMILY_IPV6);
	tc_resolve_fn done = r->done;
	void *done_user = r->user;
	g_object_unref(r->cancel);
	free(r);
	if (done) {
		const char *why = error ? error->message : count ? NULL : "no address";
		done(done_user, (const char *const *)addresses, count, why);
	}
	for (size_t i = 0; i < count; i++) {
		g_free(addresses[i]);
	}
	g_clear_error(&error);
	if (found) {
		g_resolver_free_addresses(found);
	}
}

int tc_resolve_start(struct tc_resolve **out, struct tc_loop *loop, const char *host,
		     tc_resolve_fn done, void *user)
{
	struct tc_resolve *r = calloc(1, sizeof(*r));
	if (!r) {
		return -ENOMEM;
	}
	*r = (struct tc_resolve){.done = done, .user = user, .cancel = g_cancellable_new()};
	GMainContext *context = tc_loop_native(loop);
	GResolver *resolver = g_resolver_get_default();
	g_main_context_push_thread_default(context);
	g_resolver_lookup_by_name_async(resolver, host, r->cancel, on_found, r);
	g_main_context_pop_thread_default(context);
	g_object_unref(resolver);
	*out = r;
	return 0;
}

/* GLib calls back even so, on a later turn: that frees it. */
void tc_resolve_cancel(struct tc_resolve *r)
{
	if (r) {
		r->done = NULL;
		g_cancellable_cancel(r->cancel);
	}
}
