/* PostgreSQL's own functions, operators and types: which of them give the same on
 * every node. Lists generated from pg_catalog by dev/builtins, where the rules
 * and the reasons for each exception are.
 *
 * These speak of names *in pg_catalog*. That a name without a schema is found there,
 * and not in a schema of the user's that comes before it or holds a better match, is for
 * the caller to know. Names are as the raw parser gives them: folded,
 * without quotes; they are compared exactly. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* True if every function, aggregate and window function of pg_catalog with
 * this name is the same on every node: it depends on its arguments, the clock,
 * chance, and settings that pgshunt carries. False for unknown names. */
bool builtin_function_allowed(struct span name);

/* True if pg_catalog of PostgreSQL 15 has a function of that name, allowed or not. */
bool builtin_function_exists(struct span name);

/* The same for all operators of that name ("=", "->>"). */
bool builtin_operator_allowed(struct span name);

/* The OID of a type by its name in pg_catalog ("int4", "_text", "timestamptz") or by
 * its SQL name ("integer", "character varying", as format_type() writes it
 * too); 0 = unknown, or its values are not the same on every node. "char" is the
 * one-byte type, as a quoted "char" is; the grammar itself turns CHAR into bpchar. */
uint32_t builtin_type(struct span name);

/* True if a value may be cast to the type, or a parameter declared with it: one of
 * the types that builtin_type knows. False for 0, TYPE_UNKNOWN and user-defined types. */
bool builtin_cast_allowed(uint32_t type);
