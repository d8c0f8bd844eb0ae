/* mock/resolver.h -- names that only a test knows, answered when the test says so. In the place of
 * GLib's own for the whole process. */
#ifndef TC_TEST_MOCK_RESOLVER_H
#define TC_TEST_MOCK_RESOLVER_H

void tc_mock_resolver_use(void);
int tc_mock_resolver_asked(void); /* how many look-ups there were */
/* Answers the one that waits: up to two addresses; NULL, NULL: there is no such name. */
void tc_mock_resolver_answer(const char *first, const char *second);

#endif
