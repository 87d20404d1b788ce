/* Recipes: what a statement with rows needs to be sent to the right node. Written by the
 * analyser, once a template; followed by decide.c, once a statement.
 *
 *    recipe ─► ties: one for each place where rows of a distributed table come from
 *                └─► for each key column: sources, any one of which gives the key
 *                      └─► slot 0 of the text, parameter $1, a constant */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route/map.h"
#include "route/reason.h"

enum source_kind {
	SOURCE_SLOT, /* a literal: `index` is its slot */
	SOURCE_PARAM, /* `index` is the parameter's number less one; `declared` its type, 0 = the column's */
	SOURCE_TRUE,
	SOURCE_FALSE,
	SOURCE_NULL,
	SOURCE_UNCERTAIN /* a value, but not one whose hash is certain */
};

struct source {
	struct source *next; /* another value that the same column must equal */
	enum source_kind kind;
	unsigned index;
	uint32_t declared;
	bool negative; /* a minus stands before the literal */
};

struct tie {
	struct tie *next;
	const struct map_relation *relation;
	bool stored; /* the values are put into the columns: their typmods apply */
	struct source *keys[MAP_MAX_KEYS];
};

enum recipe_kind {
	RECIPE_COORDINATOR, /* whatever the values are */
	RECIPE_ANYWHERE,
	RECIPE_TIED /* where the ties say */
};

struct recipe {
	enum recipe_kind kind;
	enum reason reason; /* unless RECIPE_TIED */
	const struct map_relation **relations; /* all that it names, as far as they were found; each once */
	size_t relation_count;
	struct tie *ties;
};
