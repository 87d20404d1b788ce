/* A set of settings (GUCs): name -> value, small and ordered by name. A server has
 * two: what was set on it, and what it reported (ParameterStatus); a client has the
 * same two. Giving a server to a client sends the difference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct guc {
	char *name; /* lower case; custom settings have a dot */
	char *value;
};

struct guc_set {
	struct guc *items; /* ordered by name */
	size_t count, size;
};

void guc_init(struct guc_set *set);
void guc_done(struct guc_set *set);
/* NULL if not in the set. */
const char *guc_get(const struct guc_set *set, const char *name);
/* Sets; value NULL removes. Names compare without case. True if something changed. */
bool guc_put(struct guc_set *set, struct span name, const char *value);
void guc_clear(struct guc_set *set);
void guc_copy(struct guc_set *to, const struct guc_set *from);
bool guc_is_custom(const char *name);
