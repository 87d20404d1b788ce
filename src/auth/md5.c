/* MD5 passwords: two rounds of MD5 and a prefix. */
#include "auth/md5.h"

#include "auth/digest.h"
#include "base/mem.h"

static const char prefix[3] = "md5";

static bool make(struct span a, struct span b, char text[MD5_TEXT + 1]);

bool md5_is_secret(struct span secret)
{
	if (secret.len != MD5_TEXT || memcmp(secret.ptr, prefix, sizeof prefix) != 0)
		return false;
	for (size_t i = sizeof prefix; i < MD5_TEXT; i++)
		if (secret.ptr[i] == '\0' || strchr("0123456789abcdef", secret.ptr[i]) == NULL)
			return false;
	return true;
}

bool md5_make_secret(struct span password, struct span user, char secret[MD5_TEXT + 1])
{
	return make(password, user, secret);
}

bool md5_make_response(struct span secret, const uint8_t salt[MD5_SALT_BYTES], char response[MD5_TEXT + 1])
{
	if (!md5_is_secret(secret))
		return false;
	struct span digits = span_of(secret.ptr + sizeof prefix, secret.len - sizeof prefix);
	return make(digits, span_of((const char *)salt, MD5_SALT_BYTES), response);
}

bool md5_check_response(struct span response, struct span secret, const uint8_t salt[MD5_SALT_BYTES])
{
	char expected[MD5_TEXT + 1];
	bool right = md5_make_response(secret, salt, expected) && response.len == MD5_TEXT &&
		     digest_equal(response.ptr, expected, MD5_TEXT);
	mem_wipe(expected, sizeof expected);
	return right;
}

static bool make(struct span a, struct span b, char text[MD5_TEXT + 1])
{
	memcpy(text, prefix, sizeof prefix);
	return digest_md5(a, b, text + sizeof prefix);
}
