/* PostgreSQL's MD5 passwords (manual, "Password Authentication" and the
 * protocol's "AuthenticationMD5Password"; PostgreSQL's src/common/md5_common.c).
 *
 *    secret    "md5" + hex(md5(password + user))                what is stored
 *    response  "md5" + hex(md5(hex part of the secret + salt))  what is sent
 *
 * All functions are false when the machine's policy forbids MD5. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { MD5_TEXT = 35, MD5_SALT_BYTES = 4 }; /* "md5" and 32 digits, without the NUL */

/* True for "md5" and 32 lower-case hexadecimal digits; anything else is a plain password to PostgreSQL. */
bool md5_is_secret(struct span secret);

/* The stored form of a plain password of `user`. */
bool md5_make_secret(struct span password, struct span user, char secret[MD5_TEXT + 1]);

/* What proves knowledge of a stored form (md5_is_secret) under the server's salt. */
bool md5_make_response(struct span secret, const uint8_t salt[MD5_SALT_BYTES], char response[MD5_TEXT + 1]);

/* True if `response` is the one to `secret` and `salt`. The time does not depend
 * on where a wrong one differs. */
bool md5_check_response(struct span response, struct span secret, const uint8_t salt[MD5_SALT_BYTES]);
