/* orb/names.h -- the words of people's names that are worth teaching the recognizer.
 *
 * Pure: takes display names apart and remembers what came before. Thread: any one.
 */
#ifndef TC_ORB_NAMES_H
#define TC_ORB_NAMES_H

#include <stddef.h>

#define TC_NAMES_WORDS 16 /* of one orb's life: each new one costs the recognizer 0.1 s */
#define TC_NAMES_SIZE  24

struct tc_names {
	char word[TC_NAMES_WORDS][TC_NAMES_SIZE]; /* lower-case ASCII letters */
	size_t count;
};

/* Adds the words of a display name (UTF-8) that are new; they are the last ones then. Returns how
 * many. Accents go; initials, numbers and scripts that English letters do not spell are left out.
 */
size_t tc_names_add(struct tc_names *names, const char *name);

#endif
