/* speech/library.h -- a speech library, opened when an engine first needs it.
 *
 * The libraries of speech bring 3 MiB and a numerics stack of their own with them. They are opened
 * by the thread that loads the models, so that an orb is in its room before they are read, and not
 * at all when another engine is chosen.
 */
#ifndef TC_SPEECH_LIBRARY_H
#define TC_SPEECH_LIBRARY_H

#include <stddef.h>

struct tc_symbol {
	const char *name;
	void *at; /* points to a function pointer of the right type */
};

/* For a table of functions `lib` whose members are called as the functions are. */
#define TC_SYMBOL(table, function)           \
	{                                    \
#function, &(table).function \
	}

/* Opens the library for good and finds every symbol, in it or in what it needs; or none is to be
 * used. -ENOENT: not installed, or of another version (logged). Thread: any. */
int tc_library_open(const char *soname, const struct tc_symbol *symbols, size_t count);

#endif
