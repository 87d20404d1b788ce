/* Preparing a password for SCRAM, byte for byte as PostgreSQL does it. */
#pragma once

enum { SASLPREP_LONGEST = 1024 };

/* The password as SCRAM hashes it: SASLprep (RFC 4013) of it, or itself where it
 * is not UTF-8 or holds what SASLprep forbids (as PostgreSQL: manual, "SASL
 * Authentication"). The caller owns the result and frees it with mem_free_secret.
 *
 * A password of more than SASLPREP_LONGEST bytes that is not plain ASCII is taken
 * as it is: the normalization is quadratic in a run of combining characters, and
 * clients send passwords before they are known. */
char *saslprep_password(const char *password);
