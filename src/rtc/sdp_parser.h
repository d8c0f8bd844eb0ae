/* rtc/sdp_parser.h -- what the line reader and the attributes share. Private to sdp_*.c.
 *
 * All text is the parser's own copy of the description and cut up in place.
 */
#ifndef TC_RTC_SDP_PARSER_H
#define TC_RTC_SDP_PARSER_H

#include "rtc/sdp.h"

struct tc_sdp_parser {
	struct tc_sdp *sdp;
	struct tc_sdp_section *section;  /* NULL: still in the session part */
	struct tc_sdp_transport session; /* defaults of the sections */
	enum tc_sdp_direction session_direction;
	char *bundle; /* "0 1 2", of the first BUNDLE group; NULL: none */
	int err;
	const char *why;
};

/* The first failure stays. */
void tc_sdp_fail(struct tc_sdp_parser *ps, int err, const char *why);
/* What stands behind "a=", in the section being read or before the first. */
void tc_sdp_parse_attribute(struct tc_sdp_parser *ps, char *text);

/* Cuts the next word off at a space; "" at the end. */
char *tc_sdp_word(char **at);
/* The leading digits of *at, at most max; -1: no digits, or more than max. Moves *at behind them.
 */
int64_t tc_sdp_number(char **at, int64_t max);
/* A word that is a number and nothing else. */
int64_t tc_sdp_whole_number(char *text, int64_t max);

#endif
