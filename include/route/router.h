/* The router: statement text + shard map -> node and reason. A pure function with
 * a cache; no I/O, no clock. One router a loop, not shared.
 *
 *    text ──lexer──► template ──cache──► script (parts, recipes) ──route_decide──► node, reason
 *                        └─ on a miss: libpg_query's raw parser and the analyser
 *
 * A *script* is what a Query or Parse message holds: none, one or several
 * statements ("parts"). It is what the text means under one *environment*: map,
 * role, search_path, types of parameters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "route/part.h"

struct router;

struct router *router_new(const struct route_options *options);
void router_free(struct router *router);
/* New options (after a reload); forgets what was cached under the old ones. */
void router_configure(struct router *router, const struct route_options *options);

/* Reads a text. `types`: OIDs from Parse (NULL, 0 for a simple query). Never NULL; the
 * script and its literals live in the router until the next call of router_read, unless
 * kept: router_keep makes a counted copy that stays good for any number of
 * decisions, under its own map, until router_drop. `sql` must outlive a script that is not kept. */
const struct script *router_read(struct router *router, const struct route_env *env, struct span sql,
				 const uint32_t *types, unsigned type_count);
struct script *router_keep(struct router *router, const struct script *script, struct span sql);
void router_drop(struct script *script);

/* Where part `index` of the script goes; where the whole script goes (all its
 * parts in one transaction). `params`: of the Bind, NULL for a simple query. */
struct route_decision route_part(const struct script *script, size_t index, const struct route_param *params,
				 unsigned param_count);
struct route_decision route_script(const struct script *script, const struct route_param *params, unsigned param_count);
/* Two decisions that must run on one server: what the pair needs. */
struct route_decision route_both(struct route_decision a, struct route_decision b);

/* For EXPLAIN ROUTE and SHOW ROUTES; all owned by the caller's buffer. */
struct buf;
void route_explain_template(const struct script *script, struct buf *out); /* the text without its literals */
void route_explain_tables(const struct script *script, size_t part,
			  struct buf *out); /* "public.orders, public.items" */
void route_explain_key(const struct script *script, size_t part, const struct route_param *params, unsigned param_count,
		       struct buf *out); /* "tenant_id = 42" */

/* Counts a decision that was carried out for the script's template. */
void router_count(struct router *router, const struct script *script, const struct route_decision *decision);
void router_each_template(struct router *router,
			  void (*on_template)(void *arg, const struct route_template_stats *stats), void *arg);
