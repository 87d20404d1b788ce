/* Base64 as RFC 5802 wants it (RFC 4648, section 4): padded, no line breaks.
 * Our own because the decoders of OpenSSL and of libpgcommon skip blanks, and
 * a SCRAM message may not hold any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

void base64_add(struct buf *out, const void *bytes, size_t len);

/* Decodes the whole of `text` into `bytes`, at most `room` of them, and says how
 * many. False on a foreign byte, on missing or early padding, on bits left over
 * that are not zero and on more than `room` bytes; `bytes` may hold rubbish then. */
bool base64_read(struct span text, void *bytes, size_t room, size_t *len);
