/* orb/nest/nest.h -- aiorb --nest: the process orbs are forked from.
 *
 * It loads the speech engines once and starts nothing else: no thread, no GLib, no cryptography,
 * because those do not survive a fork. On TC_NEST_FD tricall asks it to fork (proto/nest.h). Each
 * spare is an orphan from birth (double fork), so that tricall, a subreaper, is its parent and
 * learns how it ended, and so that it outlives the nest. Nest and spares end when tricall does.
 */
#ifndef TC_ORB_NEST_H
#define TC_ORB_NEST_H

/* Runs until the control socket closes; returns the exit code. In a spare that got its order it
 * returns what orb() does: the ordinary start, with the order's arguments and environment. */
int tc_orb_nest_main(int argc, char **argv, int (*orb)(int argc, char **argv));

#endif
