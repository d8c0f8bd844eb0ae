/* server/serve.h -- the server, whole: everything made in order, run, and taken down in reverse. */
#ifndef TC_SERVER_SERVE_H
#define TC_SERVER_SERVE_H

#include "server/config.h"

/* Runs until SIGTERM or SIGINT has drained it. Prints `tricall ready on URL` to stdout when it
 * accepts, errors as one line to stderr. Returns 0, or 1: it could not start. A second signal ends
 * the process at once. Thread: the main one, which becomes the loop's. */
int tc_serve(const struct tc_config_set *set);

#endif
