/* SHOW ROUTES and SHOW REASONS: what was sent where, by template and by reason. */
#include "admin/ask.h"
#include "admin/known.h"
#include "admin/show.h"
#include "base/mem.h"

enum { ROUTES_AT_MOST = 200 };

/* Key: database, template. */
struct route {
	struct record record;
	unsigned long long calls, routed;
	enum reason reason;
	int node;
};

struct route_walk {
	struct here *here;
	const struct database *database;
};

static void add(void *into, const void *from)
{
	struct route *route = into;
	const struct route *more = from;
	/* The last decision of the loop that has seen more of it. */
	if (more->calls > route->calls) {
		route->reason = more->reason;
		route->node = more->node;
	}
	route->calls += more->calls;
	route->routed += more->routed;
}

static void on_template(void *arg, const struct route_template_stats *stats)
{
	struct route_walk *walk = arg;
	struct route *route = RECORDS_ADD(&walk->here->records, walk->database->name, stats->text);
	route->calls = stats->calls;
	route->routed = stats->routed;
	route->reason = stats->reason;
	route->node = stats->node;
}

static void on_database(void *arg, const struct database *database)
{
	struct route_walk walk = { arg, database };
	router_each_template(database->router, on_template, &walk);
}

static void routes_here(struct here *here)
{
	sessions_each_database(here->sessions, on_database, here);
}

static int most_used_first(const void *a, const void *b)
{
	const struct route *x = *(void *const *)a, *y = *(void *const *)b;
	return (x->calls < y->calls) - (x->calls > y->calls);
}

static void route_row(struct ask *ask, const struct known_list *list, const struct route *route)
{
	struct answer *a = &ask->answer;
	char address[TARGET_NODE_BYTES];
	const struct known *known = known_find(list, record_text(route, 0));
	/* The node was one of the map that held then. */
	bool there = known && (route->node <= 0 || (known->map && (size_t)route->node < map_node_count(known->map)));
	answer_row(a);
	answer_text(a, record_text(route, 0));
	answer_text(a, record_text(route, 1));
	answer_printf(a, "%llu", route->calls);
	answer_printf(a, "%llu", route->routed);
	answer_text(a, there ? known_address(ask, known, route->node > 0 ? route->node : 0, address) : NULL);
	answer_text(a, reason_code(route->reason));
	answer_row_end(a);
}

static void routes_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	struct known_list list = known_list(ask);
	struct records *routes = &gathered->records;
	records_merge(routes, add);
	if (routes->count)
		qsort(routes->items, routes->count, sizeof *routes->items, most_used_first);
	ask_columns(ask);
	for (size_t i = 0; i < routes->count && i < ROUTES_AT_MOST; i++)
		route_row(ask, &list, routes->items[i]);
	known_list_done(&list);
	ask_complete(ask, "SHOW");
}

void show_routes(struct ask *ask)
{
	ask_gather(ask, sizeof(struct route), routes_here, routes_all);
}

/* --- reasons --- */

void show_reasons(struct ask *ask)
{
	struct answer *a = &ask->answer;
	const struct sessions_shared *shared = ask->console->setup.shared;
	ask_columns(ask);
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		unsigned long long count = 0;
		for (unsigned i = 0; i < shared->loop_count; i++)
			count += atomic_load_explicit(&shared->sessions[i]->reasons[reason], memory_order_relaxed);
		answer_row(a);
		answer_text(a, reason_code((enum reason)reason));
		answer_printf(a, "%llu", count);
		answer_text(a, reason_meaning((enum reason)reason));
		answer_text(a, reason_change((enum reason)reason));
		answer_row_end(a);
	}
	ask_complete(ask, "SHOW");
}
