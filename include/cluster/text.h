/* Texts that catalogs hold, read without the server's help. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "route/map.h"

/* The column of pg_dist_partition.partkey: the node tree (nodeToString(), src/backend/nodes/outfuncs.c)
 * of one Var, "{VAR :varno 1 :varattno 3 …}". False if it is anything else. */
bool text_key_column(const char *tree, int *number);

/* An int2vector, "1 3": numbers of key columns, 0 for an expression. False if malformed or longer than `max`. */
bool text_numbers(const char *vector, int *numbers, unsigned max, unsigned *count);

/* A partition's bound as pg_get_expr() writes it, "FOR VALUES WITH (modulus 4, remainder 1)".
 * NULL if it is that; else why not, in words. */
const char *text_hash_bound(const char *bound, uint32_t *modulus, uint32_t *remainder);

/* What to think of a column's default by its node tree (pg_attrdef.adbin). `calls_safe`: all functions called
 * in it but nextval are known to give the same on every node. NULL and "" are a tree too long to be looked at. */
enum map_default text_default(const char *tree, bool calls_safe);

/* A setting as pg_db_role_setting holds it, "name=value": the length of the name; -1 if it is not that. */
int text_setting_name(const char *setting);

/* True for the names and aliases of the types whose values are OIDs (regclass, regtype, …), which differ by node. */
bool text_type_is_reg(uint32_t type);
