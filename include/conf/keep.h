/* Memory that lives and dies together: what one snapshot of the settings owns. It may
 * hold secrets, so all of it is wiped before it is freed. */
#pragma once

#include <stddef.h>

#include "base/span.h"

struct keep_block;

struct keep {
	struct keep_block *blocks; /* newest first */
};

/* Zeroed and aligned for any type; lives until keep_done. */
void *keep_bytes(struct keep *keep, size_t size);
/* A copy with a NUL behind it. */
const char *keep_text(struct keep *keep, struct span text);
void keep_done(struct keep *keep);
