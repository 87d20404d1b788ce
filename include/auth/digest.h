/* Digests, random bytes and comparisons that take the same time whatever they
 * compare: the only users of OpenSSL's libcrypto in this layer.
 *
 * SHA-256, HMAC and the random generator cannot fail but for want of memory or
 * of entropy; both end the process, as memory that is short does. MD5 may be
 * forbidden by the machine's policy, so it can fail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { DIGEST_BYTES = 32, DIGEST_MD5_HEX = 32 };

void digest_sha256(struct span bytes, uint8_t digest[DIGEST_BYTES]);
/* HMAC-SHA-256 under a key of DIGEST_BYTES. */
void digest_hmac(const uint8_t key[DIGEST_BYTES], struct span message, uint8_t mac[DIGEST_BYTES]);
/* PBKDF2 with HMAC-SHA-256: Hi() of RFC 5802, section 2.2. About a millisecond for 4096 iterations. */
void digest_pbkdf2(struct span password, struct span salt, uint32_t iterations, uint8_t key[DIGEST_BYTES]);
/* MD5 of `a` and then `b`, as 32 lower-case hexadecimal digits and a NUL; false if MD5 is not to be had. */
bool digest_md5(struct span a, struct span b, char hex[DIGEST_MD5_HEX + 1]);

void digest_random(void *bytes, size_t len);

/* True if `len` bytes are equal; the time depends on `len` alone. */
bool digest_equal(const void *a, const void *b, size_t len);
/* True if two texts are equal; the time depends on their lengths alone, in steps of 64 bytes. */
bool digest_equal_text(struct span a, struct span b);

/* A number that only this process can compute, the same for equal arguments
 * until it ends: HMAC of (label, a, b) under a key drawn at first use. */
void digest_keyed(const char *label, struct span a, struct span b, uint8_t mac[DIGEST_BYTES]);
