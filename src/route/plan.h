/* Plans and readings: what a template means, and one text that has that template.
 *
 *    struct reading            this text: its bytes, where its literals stand
 *      └─► struct plan         its template under one environment: parts, recipes; counted
 *            └─► struct tally  its template anywhere: how often, how routed; counted
 *
 * A `const struct script *` of router.h is the first member of a reading. */
#pragma once

#include "base/list.h"
#include "base/table.h"
#include "route/arena.h"
#include "route/recipe.h"
#include "route/part.h"
#include "route/template.h"

struct tally;

struct plan {
	unsigned refs;
	struct arena arena; /* everything below lives here */
	struct map *map; /* counted; NULL if there was none */
	struct part *parts; /* a plan whose parts have bodies is not cacheable: they point into its text */
	size_t part_count;
	bool understood, encoding_matches;
	bool cacheable; /* means the same whatever its literals are */
	enum reason reason;
	struct span template;
	uint64_t template_id;
	struct tally *tally; /* NULL if its template is not counted */
	/* the cache's */
	struct table_item in_cache;
	struct list in_use_order;
	size_t held_bytes;
};

struct reading {
	struct script script; /* first */
	struct plan *plan;
	struct span text;
	const struct slot *slots;
	size_t slot_count;
};

struct plan *plan_new(struct map *map);
struct plan *plan_ref(struct plan *plan);
void plan_unref(struct plan *plan); /* NULL is fine */

static inline const struct reading *reading_of(const struct script *script)
{
	return (const struct reading *)script;
}
