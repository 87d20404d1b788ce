/* Base64: four characters for three bytes, strictly. */
#include "auth/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char letter);

void base64_add(struct buf *out, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)from[i] << 16;
		if (left > 1)
			group |= (uint32_t)from[i + 1] << 8;
		if (left > 2)
			group |= from[i + 2];
		char four[4] = { letters[group >> 18], letters[group >> 12 & 63], '=', '=' };
		if (left > 1)
			four[2] = letters[group >> 6 & 63];
		if (left > 2)
			four[3] = letters[group & 63];
		buf_add(out, four, sizeof four);
	}
}

bool base64_read(struct span text, void *bytes, size_t room, size_t *len)
{
	uint8_t *to = bytes;
	*len = 0;
	if (text.len % 4)
		return false;
	size_t padding = 0;
	while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
		padding++;
	size_t whole = text.len / 4 * 3 - padding;
	if (whole > room)
		return false;
	uint32_t bits = 0;
	for (size_t i = 0; i < text.len - padding; i++) {
		int value = value_of(text.ptr[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0) {
			unsigned spare = 6 - 2 * (unsigned)(i % 4); /* bits that belong to the next byte */
			to[(*len)++] = (uint8_t)(bits >> spare);
			bits &= (1u << spare) - 1;
		}
	}
	return bits == 0;
}

static int value_of(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}
