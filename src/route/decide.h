/* Decisions: from a recipe and this text's values to a node. No parse, no allocation. */
#pragma once

#include "route/plan.h"

/* The rooms that a key's characters need when the statement doubles quotes. */
enum { DECIDE_TEXT_BYTES = 256 };

struct route_decision decide_recipe(const struct reading *reading, const struct recipe *recipe,
				    const struct route_param *params, unsigned param_count);

/* The value of a source for a column, REASON_KEY if it is certain; else why not. Text that has to be
 * unquoted goes to `room` (DECIDE_TEXT_BYTES). For what is stored, `typmod` is the column's; else -1. */
enum reason decide_value(const struct reading *reading, const struct source *source, const struct map_column *column,
			 int32_t typmod, const struct route_param *params, unsigned param_count,
			 struct key_value *value, char *room);
