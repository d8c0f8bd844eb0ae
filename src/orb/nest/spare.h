/* orb/nest/spare.h -- an orb without a room: everything that does not depend on one is done.
 *
 * It waits on its socket for one order, and ends when the socket closes. Thread: main.
 */
#ifndef TC_ORB_NEST_SPARE_H
#define TC_ORB_NEST_SPARE_H

#include "orb/args.h"

/* Takes `sock`; `args` (of the nest's environment) are finished before orb() is called. */
int tc_spare_main(int sock, struct tc_orb_args *args, int (*orb)(int argc, char **argv));
/* warm.c: starts the libraries, once each, and puts all away again. */
void tc_spare_warm(const struct tc_orb_args *args);

#endif
