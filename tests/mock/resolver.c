// SPDX-License-Identifier: Apache-2.0
#include "mock/resolver.h"

#include <gio/gio.h>

typedef struct {
	GResolver parent;
} MockResolver;
typedef struct {
	GResolverClass parent;
} MockResolverClass;
GType mock_resolver_get_type(void);
G_DEFINE_TYPE(MockResolver, mock_resolver, G_TYPE_RESOLVER)

static GTask *waiting;
static int asked;

static void free_addresses(gpointer list)
{
	g_resolver_free_addresses(list);
}

static void look_up(GResolver *resolver, const gchar *host, GCancellable *cancel,
		    GAsyncReadyCallback done, gpointer user)
{
	asked++;
	g_clear_object(&waiting);
	waiting = g_task_new(resolver, cancel, done, user);
	g_task_set_return_on_cancel(waiting, TRUE);
}

static GList *finish(GResolver *resolver, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void mock_resolver_class_init(MockResolverClass *class)
{
	GResolverClass *resolver = G_RESOLVER_CLASS(class);
	resolver->lookup_by_name_async = look_up;
	resolver->lookup_by_name_finish = finish;
}

static void mock_resolver_init(MockResolver *resolver)
{
}

void tc_mock_resolver_use(void)
{
	GResolver *resolver = g_object_new(mock_resolver_get_type(), NULL);
	g_resolver_set_default(resolver);
	g_object_unref(resolver);
}

int tc_mock_resolver_asked(void)
{
	return asked;
}

void tc_mock_resolver_answer(const char *first, const char *second)
{
	GList *list = NULL;
	g_assert(waiting);
	if (second) {
		list = g_list_prepend(list, g_inet_address_new_from_string(second));
	}
	if (first) {
		list = g_list_prepend(list, g_inet_address_new_from_string(first));
		g_task_return_pointer(waiting, list, free_addresses);
	} else {
		g_task_return_new_error(waiting, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
					"no such name");
	}
	g_clear_object(&waiting);
}
