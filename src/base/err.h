/* base/err.h -- what an int error means.
 *
 * Every call returns 0 (or a count) or a negative errno. What errno has no word for has a code of
 * its own in this list, above errno's range, so that both kinds travel in one int.
 */
#ifndef TC_BASE_ERR_H
#define TC_BASE_ERR_H

#include <errno.h>

#define TC_ERR_LIST(X)                                      \
	X(TC_EPARSE, 5001, "malformed input")               \
	X(TC_ELIMIT, 5002, "a limit was exceeded")          \
	X(TC_EAUTH, 5003, "not authenticated")              \
	X(TC_EFORBIDDEN, 5004, "not allowed")               \
	X(TC_ESTATE, 5005, "not possible in this state")    \
	X(TC_EEXPIRED, 5006, "expired")                     \
	X(TC_EVERSION, 5007, "unsupported version")         \
	X(TC_ECRYPTO, 5008, "a cryptographic check failed") \
	X(TC_EENGINE, 5009, "an engine (codec, recognizer, voice) failed")

enum tc_err {
#define X(name, code, text) name = code,
	TC_ERR_LIST(X)
#undef X
};

/* Text for a negative (or positive) error code; never NULL. Thread-safe for our own codes and for
 * errno through strerrordesc_np(). */
const char *tc_err_str(int err);

#endif
