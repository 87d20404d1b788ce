/* Digests by OpenSSL's EVP calls, and one key of the process. */
#include "auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/mem.h"

/* A global, but a constant of the process: written once, before it is first read. */
static uint8_t process_key[DIGEST_BYTES];
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void or_die(bool ok, const char *what);
static void hmac(const void *key, size_t key_len, struct span message, uint8_t mac[DIGEST_BYTES]);
static void make_process_key(void);

void digest_sha256(struct span bytes, uint8_t digest[DIGEST_BYTES])
{
	or_die(EVP_Digest(bytes.ptr, bytes.len, digest, NULL, EVP_sha256(), NULL) == 1, "SHA-256");
}

void digest_hmac(const uint8_t key[DIGEST_BYTES], struct span message, uint8_t mac[DIGEST_BYTES])
{
	hmac(key, DIGEST_BYTES, message, mac);
}

void digest_pbkdf2(struct span password, struct span salt, uint32_t iterations, uint8_t key[DIGEST_BYTES])
{
	or_die(PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, (const unsigned char *)salt.ptr, (int)salt.len,
				 (int)iterations, EVP_sha256(), DIGEST_BYTES, key) == 1,
	       "PBKDF2");
}

bool digest_md5(struct span a, struct span b, char hex[DIGEST_MD5_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	bool ok = md5 && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1 && EVP_DigestUpdate(md5, a.ptr, a.len) == 1 &&
		  EVP_DigestUpdate(md5, b.ptr, b.len) == 1 && EVP_DigestFinal_ex(md5, digest, NULL) == 1;
	EVP_MD_CTX_free(md5);
	for (size_t i = 0; i < DIGEST_MD5_HEX; i++)
		hex[i] = ok ? digits[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4] : '0';
	hex[DIGEST_MD5_HEX] = '\0';
	mem_wipe(digest, sizeof digest);
	return ok;
}

void digest_random(void *bytes, size_t len)
{
	or_die(RAND_bytes(bytes, (int)len) == 1, "the random generator");
}

bool digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool digest_equal_text(struct span a, struct span b)
{
	uint8_t mac_a[DIGEST_BYTES], mac_b[DIGEST_BYTES];
	digest_keyed("equal", a, span_text(""), mac_a);
	digest_keyed("equal", b, span_text(""), mac_b);
	return digest_equal(mac_a, mac_b, sizeof mac_a);
}

void digest_keyed(const char *label, struct span a, struct span b, uint8_t mac[DIGEST_BYTES])
{
	struct buf message;
	pthread_once(&process_key_once, make_process_key);
	buf_init(&message, 0);
	/* All the room at once: growing would leave copies of a secret behind. */
	buf_room(&message, 8 + strlen(label) + a.len + b.len);
	/* With its length ahead of each part, no two triples make the same message. */
	buf_add_u32(&message, (uint32_t)strlen(label));
	buf_add_text(&message, label);
	buf_add_u32(&message, (uint32_t)a.len);
	buf_add_span(&message, a);
	buf_add_span(&message, b);
	or_die(!buf_failed(&message), "memory");
	hmac(process_key, sizeof process_key, buf_span(&message), mac);
	mem_wipe(message.bytes, message.size);
	buf_done(&message);
}

static void or_die(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "pgshunt: %s failed in libcrypto\n", what);
		abort();
	}
}

static void hmac(const void *key, size_t key_len, struct span message, uint8_t mac[DIGEST_BYTES])
{
	or_die(HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)message.ptr, message.len, mac, NULL),
	       "HMAC");
}

static void make_process_key(void)
{
	digest_random(process_key, sizeof process_key);
}
