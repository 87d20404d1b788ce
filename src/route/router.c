/* The façade: lexer, cache and decisions put together.
 *
 *    router_read:  template ─► key (template, environment) ─► cache ──hit──────────► reading
 *                                                               └─miss─► script_plan ─┘
 *    route_part:   reading ─► part ─► recipe ─► decide_recipe; other classes by a table
 *
 * The reading of the last text lives in the router; a kept one is a block of its own that
 * holds a copy of the text, its slots and its parts. */
#include "route/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "route/cache.h"
#include "route/decide.h"
#include "route/script.h"
#include "route/tally.h"

/* Of cache_bytes, what the tallies may take beside it. */
enum { TALLY_SHARE = 4, TEXT_MAX_BYTES = 1 << 30 };

struct router {
	struct route_options options;
	char *route_functions;
	struct template template; /* of the text that is being read */
	struct cache cache;
	struct tallies tallies;
	struct reading current;
	uint64_t newest_map; /* version of the newest map that was seen */
};

static struct plan *find_or_make(struct router *router, const struct route_env *env, struct span text,
				 const uint32_t *types, unsigned type_count);
static void notice_map(struct router *router, const struct map *map);
static void append_environment(struct template *key, const struct route_env *env, const uint32_t *types,
			       unsigned type_count);
static struct plan *make_plan(struct router *router, const struct route_env *env, struct span text,
			      struct span template, uint64_t template_id, const uint32_t *types, unsigned type_count);
static bool is_plain_ascii(struct span text);
static bool has_recipe(const struct plan *plan);
static struct route_decision class_decision(const struct part *part);

struct router *router_new(const struct route_options *options)
{
	struct router *router = MEM_NEW(struct router);
	template_init(&router->template);
	cache_init(&router->cache, 0);
	tallies_init(&router->tallies, 0);
	router_configure(router, options);
	return router;
}

void router_free(struct router *router)
{
	if (router == NULL)
		return;
	plan_unref(router->current.plan);
	cache_done(&router->cache);
	tallies_done(&router->tallies);
	template_done(&router->template);
	mem_free(router->route_functions);
	mem_free(router);
}

void router_configure(struct router *router, const struct route_options *options)
{
	char *functions = mem_strndup(options->route_functions.ptr ? options->route_functions.ptr : "",
				      options->route_functions.len);
	mem_free(router->route_functions);
	router->route_functions = functions;
	router->options = *options;
	router->options.route_functions = span_text(functions);
	cache_done(&router->cache);
	cache_init(&router->cache, options->cache_bytes);
	router->tallies.max_bytes = options->cache_bytes / TALLY_SHARE;
}

const struct script *router_read(struct router *router, const struct route_env *env, struct span sql,
				 const uint32_t *types, unsigned type_count)
{
	struct reading *reading = &router->current;
	struct span text = span_of(sql.ptr, strnlen(sql.ptr, sql.len));
	plan_unref(reading->plan);
	reading->plan = find_or_make(router, env, text, types, type_count);
	reading->text = text;
	reading->slots = router->template.slots;
	reading->slot_count = router->template.slot_count;
	reading->script = (struct script){ .parts = reading->plan->parts,
					   .part_count = reading->plan->part_count,
					   .template_id = reading->plan->template_id,
					   .understood = reading->plan->understood,
					   .reason = reading->plan->reason };
	return &reading->script;
}

struct script *router_keep(struct router *router, const struct script *script, struct span sql)
{
	const struct reading *from = reading_of(script);
	(void)router;
	/* Of a text that was not looked into nothing is ever asked. */
	size_t text_len = script->understood ? from->text.len : 0;
	size_t slots_size = text_len ? from->slot_count * sizeof *from->slots : 0;
	size_t parts_size = script->part_count * sizeof *script->parts;
	struct reading *kept = mem_alloc(sizeof *kept + parts_size + slots_size + text_len);
	struct part *parts = (struct part *)(kept + 1);
	char *slots = (char *)parts + parts_size, *text = slots + slots_size;
	*kept = *from;
	if (parts_size != 0)
		memcpy(parts, script->parts, parts_size);
	if (slots_size != 0)
		memcpy(slots, from->slots, slots_size);
	if (text_len != 0)
		memcpy(text, sql.ptr, text_len);
	for (size_t i = 0; i < script->part_count; i++)
		if (parts[i].body.ptr != NULL)
			parts[i].body.ptr = text + (parts[i].body.ptr - from->text.ptr);
	kept->script.parts = parts;
	kept->plan = plan_ref(from->plan);
	kept->slots = (const struct slot *)(void *)slots;
	kept->slot_count = text_len ? from->slot_count : 0;
	kept->text = span_of(text, text_len);
	return &kept->script;
}

void router_drop(struct script *script)
{
	if (script == NULL)
		return;
	plan_unref(reading_of(script)->plan);
	mem_free(script);
}

struct route_decision route_part(const struct script *script, size_t index, const struct route_param *params,
				 unsigned param_count)
{
	const struct part *part = &script->parts[index];
	if (!script->understood)
		return (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = script->reason };
	if (part->recipe != NULL)
		return decide_recipe(reading_of(script), part->recipe, params, param_count);
	return class_decision(part);
}

struct route_decision route_script(const struct script *script, const struct route_param *params, unsigned param_count)
{
	struct route_decision all = { .kind = ROUTE_ANYWHERE, .reason = REASON_NO_TABLE };
	for (size_t i = 0; i < script->part_count; i++) {
		struct route_decision one = route_part(script, i, params, param_count);
		all = i == 0 ? one : route_both(all, one);
	}
	return all;
}

struct route_decision route_both(struct route_decision a, struct route_decision b)
{
	if (a.kind == ROUTE_COORDINATOR || b.kind == ROUTE_COORDINATOR)
		return a.kind == ROUTE_COORDINATOR ? a : b;
	if (a.kind == ROUTE_ANYWHERE || b.kind == ROUTE_ANYWHERE)
		return a.kind == ROUTE_ANYWHERE && (b.kind != ROUTE_ANYWHERE || a.reason == REASON_NO_TABLE) ? b : a;
	if (a.node == b.node)
		return a;
	return (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = REASON_MULTI_NODE };
}

void router_count(struct router *router, const struct script *script, const struct route_decision *decision)
{
	struct tally *tally = reading_of(script)->plan->tally;
	if (tally == NULL)
		return;
	tally->stats.calls++;
	tally->stats.routed += decision->kind == ROUTE_NODE;
	tally->stats.reason = decision->reason;
	tally->stats.node = decision->kind == ROUTE_NODE ? decision->node : -1;
	if (list_linked(&tally->in_use_order)) {
		list_remove(&tally->in_use_order);
		list_prepend(&router->tallies.use_order, &tally->in_use_order);
	}
}

static int by_calls(const void *a, const void *b)
{
	const struct tally *const *x = a, *const *y = b;
	return ((*x)->stats.calls < (*y)->stats.calls) - ((*x)->stats.calls > (*y)->stats.calls);
}

void router_each_template(struct router *router,
			  void (*on_template)(void *arg, const struct route_template_stats *stats), void *arg)
{
	struct tally **all = mem_array(router->tallies.table.count + 1, sizeof(struct tally *));
	size_t count = 0;
	LIST_EACH (item, &router->tallies.use_order)
		all[count++] = LIST_ITEM(item, struct tally, in_use_order);
	qsort(all, count, sizeof *all, by_calls);
	for (size_t i = 0; i < count; i++)
		on_template(arg, &all[i]->stats);
	mem_free(all);
}

const char *pin_text(enum pin pin)
{
	static const char *const texts[PIN_COUNT] = {
		[PIN_TEMP_TABLE] = "temporary table",
		[PIN_LISTEN] = "LISTEN",
		[PIN_ADVISORY_LOCK] = "session advisory lock",
		[PIN_HOLD_CURSOR] = "cursor WITH HOLD",
		[PIN_LOAD] = "LOAD",
		[PIN_SET_CONFIG] = "set_config()",
		[PIN_CURRVAL] = "currval(), lastval() or setseed()",
		[PIN_UNREAD] = "a statement that was not understood",
	};
	return texts[pin];
}

/* ---- reading ---- */

static struct plan *find_or_make(struct router *router, const struct route_env *env, struct span text,
				 const uint32_t *types, unsigned type_count)
{
	struct template *template = &router->template;
	if (text.len > router->options.max_text_bytes || text.len > TEXT_MAX_BYTES) {
		template->slot_count = 0;
		return script_unread_plan(env->map, REASON_TOO_LARGE, text, span_text(""));
	}
	template_read(template, text, router->options.max_depth);
	if (template->trouble != TEMPLATE_FINE) {
		template->slot_count = 0;
		return script_unread_plan(env->map,
					  template->trouble == TEMPLATE_BAD ? REASON_SYNTAX : REASON_TOO_LARGE, text,
					  span_of(template->bytes, template->len));
	}
	if (!env->text_is_safe && !is_plain_ascii(text)) {
		template->slot_count = 0;
		return script_unread_plan(env->map, REASON_ENCODING, text, span_text(""));
	}
	notice_map(router, env->map);
	size_t template_len = template->len;
	uint64_t template_id = table_hash(span_of(template->bytes, template_len));
	append_environment(template, env, types, type_count);
	struct span key = span_of(template->bytes, template->len);
	uint64_t hash = table_hash_more(template_id, span_of(key.ptr + template_len, key.len - template_len));
	struct plan *plan = cache_find(&router->cache, key, hash);
	if (plan != NULL)
		return plan_ref(plan);
	template->len = template_len; /* the key's bytes stay behind it */
	plan = make_plan(router, env, text, span_of(template->bytes, template_len), template_id, types, type_count);
	if (plan->cacheable)
		cache_add(&router->cache, plan, key, hash);
	return plan;
}

/* A new map means that an old one is to go: nothing read under it may keep it. */
static void notice_map(struct router *router, const struct map *map)
{
	if (map == NULL || map_version(map) <= router->newest_map)
		return;
	router->newest_map = map_version(map);
	cache_keep_only(&router->cache, map);
}

/* Everything that the meaning of a text depends on. No token holds a NUL: the template ends at the
 * first, and what follows has its lengths ahead. */
static void append_environment(struct template *key, const struct route_env *env, const uint32_t *types,
			       unsigned type_count)
{
	struct {
		uint64_t version;
		uint32_t role_len, path_len, type_count, flags;
	} head = { .version = env->map ? map_version(env->map) : 0,
		   .role_len = (uint32_t)env->role.len,
		   .path_len = env->search_path ? (uint32_t)strlen(env->search_path) : UINT32_MAX,
		   .type_count = type_count,
		   .flags = (env->map != NULL) | env->text_is_safe << 1 | env->encoding_matches << 2 };
	template_append(key, "", 1);
	template_append(key, &head, sizeof head);
	template_append(key, env->role.ptr, env->role.len);
	if (env->search_path != NULL)
		template_append(key, env->search_path, head.path_len);
	template_append(key, types, type_count * sizeof *types);
}

static struct plan *make_plan(struct router *router, const struct route_env *env, struct span text,
			      struct span template, uint64_t template_id, const uint32_t *types, unsigned type_count)
{
	struct script_input input = { .env = env,
				      .route_functions = router->options.route_functions,
				      .text = text,
				      .template = &router->template,
				      .types = types,
				      .type_count = type_count };
	struct plan *plan = script_plan(&input);
	plan->template_id = template_id;
	if (has_recipe(plan))
		plan->tally = tallies_get(&router->tallies, template, template_id);
	return plan;
}

/* Such a text reads the same in every client_encoding, and whatever standard_conforming_strings is. */
static bool is_plain_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80 || text.ptr[i] == '\\')
			return false;
	return true;
}

static bool has_recipe(const struct plan *plan)
{
	for (size_t i = 0; i < plan->part_count; i++)
		if (plan->parts[i].recipe != NULL)
			return true;
	return false;
}

/* ---- parts without rows ---- */

static struct route_decision class_decision(const struct part *part)
{
	struct route_decision anywhere = { .kind = ROUTE_ANYWHERE, .reason = REASON_NO_TABLE };
	struct route_decision coordinator = { .kind = ROUTE_COORDINATOR, .reason = REASON_UTILITY };
	switch (part->cls) {
	case PART_BEGIN:
	case PART_COMMIT:
	case PART_ROLLBACK:
	case PART_SAVEPOINT:
	case PART_RELEASE:
	case PART_ROLLBACK_TO:
	case PART_SET_TRANSACTION:
		return anywhere;
	case PART_SET:
		for (size_t i = 0; i < part->setting_count; i++)
			if (!part->settings[i].local)
				return coordinator;
		return anywhere;
	case PART_DDL:
		coordinator.reason = REASON_DDL;
		return coordinator;
	default:
		return coordinator;
	}
}
