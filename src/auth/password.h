/* auth/password.h -- argon2id hashes of passwords.
 *
 * Thread: any, but never the server's loop: one takes 32 MiB and tens of milliseconds on purpose.
 */
#ifndef TC_AUTH_PASSWORD_H
#define TC_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define TC_PASSWORD_HASH_SIZE 128
#define TC_PASSWORD_MAX       1024 /* bytes; longer ones are refused unread */

/* Once, before any other call of auth/. -TC_ECRYPTO. */
int tc_auth_init(void);
/* 0, -EINVAL (empty, or over TC_PASSWORD_MAX), -ENOMEM. */
int tc_password_hash(const char *password, char out[TC_PASSWORD_HASH_SIZE]);
/* hash NULL: takes as long as if there were one and says no, so that time tells nobody whether an
 * account exists. */
bool tc_password_ok(const char *hash, const char *password);
/* A password for a person to type: 4 groups of 4 from an alphabet without look-alikes (78 bits). */
void tc_password_generate(char out[20]);

#endif
