/* Tallies: how often each template was seen and how it was routed, whatever map, role and
 * search_path it was read under. The least recently seen are forgotten. */
#pragma once

#include "base/list.h"
#include "base/table.h"
#include "route/part.h"

struct tally {
	struct table_item in_table; /* key: the template */
	struct list in_use_order;
	unsigned refs;
	struct route_template_stats stats; /* text: made for showing; lives behind this struct */
	size_t held_bytes;
};

struct tallies {
	struct table table;
	struct list use_order; /* most recently read first */
	size_t held_bytes, max_bytes;
};

void tallies_init(struct tallies *tallies, size_t max_bytes);
void tallies_done(struct tallies *tallies);
/* The tally of a template, counted for the caller; NULL if it would not fit. */
struct tally *tallies_get(struct tallies *tallies, struct span template, uint64_t template_id);
/* Gives back what tallies_get gave; may come after tallies_done. NULL is fine. */
void tally_put(struct tally *tally);
