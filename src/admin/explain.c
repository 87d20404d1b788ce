/* EXPLAIN ROUTE: reads the statement as a client's router would, with a router of its own.
 * The map is that of the database; where nobody uses it, the ask counts as a client for
 * a moment and waits for one to be read. Parameters are not known here. */
#include "admin/explain.h"

#include "admin/ask.h"
#include "admin/known.h"
#include "base/clock.h"
#include "base/mem.h"
#include "route/router.h"

enum { POLL_US = 20 * 1000, MAP_WAIT_US = 5 * 1000 * 1000, ERROR_WAIT_US = 1000 * 1000, CACHE_BYTES = 1024 * 1024 };

struct explain {
	char *database; /* NULL: the only one there is */
	struct span statement;
	struct cluster *entered;
};

static bool read_arguments(struct ask *ask, struct explain *explain);
static void explain_try(struct ask *ask);
static const struct known *pick(const struct known_list *list, const char *name);
static bool worth_waiting(struct ask *ask, const struct known *known);
static void explain(struct ask *ask, const struct known *known, struct span statement);
static void row(struct ask *ask, const struct known *known, const struct script *script,
		struct route_decision decision);

static void explain_free(void *work)
{
	struct explain *explain = work;
	if (explain->entered)
		cluster_leave(explain->entered);
	mem_free(explain->database);
	mem_free(explain);
}

void explain_route(struct ask *ask)
{
	struct explain *explain = MEM_NEW(struct explain);
	ask->work = explain;
	ask->free_work = explain_free;
	ask->since_us = clock_now_us();
	if (read_arguments(ask, explain))
		explain_try(ask);
	else
		ask_fail(ask, "42601", "EXPLAIN ROUTE needs a statement", "EXPLAIN ROUTE [ON database] statement");
}

/* The statement is all the rest, semicolons included. */
static bool read_arguments(struct ask *ask, struct explain *explain)
{
	struct word word = words_peek(ask->words);
	if (word_is(&word, "on")) {
		words_next(&ask->words);
		word = words_next(&ask->words);
		if (word.kind == WORD_BARE || word.kind == WORD_QUOTED || word.kind == WORD_STRING)
			explain->database = word_copy(&word);
	}
	explain->statement = span_trim(ask->words.rest);
	ask->words.rest = span_of("", 0);
	return explain->statement.len > 0;
}

static void explain_try(struct ask *ask)
{
	struct explain *work = ask->work;
	struct known_list list = known_list(ask);
	const struct known *known = pick(&list, work->database);
	if (known == NULL && work->database) {
		char *message = mem_printf("no such database: %s", work->database);
		ask_fail(ask, "3D000", message, "See SHOW DATABASES.");
		mem_free(message);
	} else if (known == NULL) {
		ask_fail(ask, "42601", "there are several databases",
			 "Say which one is meant: EXPLAIN ROUTE ON database statement");
	} else if (worth_waiting(ask, known)) {
		if (work->entered == NULL) {
			work->entered = known->cluster;
			cluster_enter(known->cluster);
		}
		ask_wait(ask, POLL_US, explain_try);
	} else {
		explain(ask, known, work->statement);
	}
	known_list_done(&list);
}

/* Without a name: the only one, or the only one that has a map. */
static const struct known *pick(const struct known_list *list, const char *name)
{
	const struct known *found = NULL;
	unsigned with_map = 0;
	if (name)
		return known_find(list, name);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].map && with_map++ == 0)
			found = &list->items[i];
	return list->count == 1 ? &list->items[0] : with_map == 1 ? found : NULL;
}

static bool worth_waiting(struct ask *ask, const struct known *known)
{
	int64_t waited_us = clock_now_us() - ask->since_us;
	if (known->map || known->conf == NULL || known->conf->cluster == CLUSTER_NONE || ask->cancelled)
		return false;
	return waited_us < (known->error[0] ? ERROR_WAIT_US : MAP_WAIT_US);
}

/* --- the answer --- */

static struct router *make_router(const struct settings *settings, const struct database_settings *conf)
{
	struct buf functions;
	buf_init(&functions, 0);
	for (size_t i = 0; i < conf->route_functions.count; i++)
		buf_add_printf(&functions, "%s%s", i ? "," : "", conf->route_functions.words[i]);
	struct router *router = router_new(&(struct route_options){
		.route_functions = buf_span(&functions),
		.max_text_bytes = (size_t)settings->max_statement_size_bytes,
		.max_depth = (size_t)settings->max_statement_depth,
		.cache_bytes = CACHE_BYTES,
	});
	buf_done(&functions);
	return router;
}

/* What keeps a statement on the coordinator whatever it says. REASON_KEY: nothing. */
static enum reason refusal(const struct settings *settings, const struct known *known, struct span role)
{
	if (!known->conf->route)
		return REASON_ROUTE_OFF;
	if (settings_user(settings, known->conf, role).pool_mode == POOL_MODE_SESSION)
		return REASON_SESSION_MODE;
	if (known->map == NULL)
		return known->conf->cluster == CLUSTER_NONE ? REASON_NOT_A_CLUSTER : REASON_NO_MAP;
	if (map_kind(known->map) == MAP_NONE)
		return REASON_NOT_A_CLUSTER;
	return cluster_map_is_current(known->cluster, known->map) ? REASON_KEY : REASON_MAP_STALE;
}

static void explain(struct ask *ask, const struct known *known, struct span statement)
{
	const struct settings *settings = ask->sessions->settings;
	if (known->conf == NULL) {
		ask_fail(ask, "3D000", "the database is not in the configuration any more", NULL);
		return;
	}
	struct span role = span_text(known->conf->user[0] ? known->conf->user : ask->user);
	const char *path = known->map ? map_session_default(known->map, role, "search_path") : NULL;
	struct route_env env = {
		.map = known->map,
		.role = role,
		.search_path = path ? path : "\"$user\", public",
		.text_is_safe = true,
		.encoding_matches = known->map && span_is_nocase(span_text("UTF8"), map_server_encoding(known->map)),
	};
	struct router *router = make_router(settings, known->conf);
	const struct script *script = router_read(router, &env, statement, NULL, 0);
	struct route_decision decision = route_script(script, NULL, 0);
	enum reason reason = refusal(settings, known, role);
	if (reason == REASON_KEY && decision.kind == ROUTE_NODE && decision.node != MAP_NODE_COORDINATOR &&
	    account_is_down(known_account(ask, known, decision.node), clock_now_us()))
		reason = REASON_NODE_DOWN;
	if (reason != REASON_KEY)
		decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = reason };
	ask_columns(ask);
	row(ask, known, script, decision);
	router_free(router);
	ask_complete(ask, "EXPLAIN");
}

/* Of every part, those that say something, joined by "; ". */
static void add_parts(struct answer *a, const struct script *script, bool tables)
{
	struct buf all, one;
	buf_init(&all, 0);
	buf_init(&one, 0);
	for (size_t i = 0; script->understood && i < script->part_count; i++) {
		buf_clear(&one);
		if (tables)
			route_explain_tables(script, i, &one);
		else
			route_explain_key(script, i, NULL, 0, &one);
		if (buf_held(&one) && buf_held(&all))
			buf_add_text(&all, "; ");
		buf_add_span(&all, buf_span(&one));
	}
	answer_span(a, buf_span(&all));
	buf_done(&one);
	buf_done(&all);
}

static void row(struct ask *ask, const struct known *known, const struct script *script, struct route_decision decision)
{
	struct answer *a = &ask->answer;
	char address[TARGET_NODE_BYTES];
	bool routed = decision.kind == ROUTE_NODE;
	struct buf template;
	buf_init(&template, 0);
	if (script->understood)
		route_explain_template(script, &template);
	answer_row(a);
	answer_span(a, buf_span(&template));
	add_parts(a, script, true);
	add_parts(a, script, false);
	if (routed && decision.shard && decision.shard->name)
		answer_text(a, decision.shard->name);
	else if (routed && decision.shard)
		answer_number(a, decision.shard->id);
	else
		answer_null(a);
	answer_text(a, known_address(ask, known, routed ? decision.node : MAP_NODE_COORDINATOR, address));
	answer_text(a, reason_code(decision.reason));
	answer_text(a, reason_change(decision.reason));
	answer_text(a, known->name);
	answer_text(a, reason_meaning(decision.reason));
	answer_row_end(a);
	buf_done(&template);
}
