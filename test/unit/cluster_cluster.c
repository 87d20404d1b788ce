/* The registry, the epoch, and what the console is told; without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/mem.h"
#include "cluster/cluster.h"

/* Port 1 of the loopback refuses every connection. */
#define INI                                                                                                            \
	"[databases]\n"                                                                                                \
	"quiet = host=127.0.0.1 port=1 dbname=db\n"                                                                    \
	"again = host=127.0.0.1 port=1 dbname=db\n"                                                                    \
	"other = host=127.0.0.1 port=2 dbname=db\n"                                                                    \
	"plain = host=127.0.0.1 port=1 dbname=db cluster=none map_user=me\n"                                           \
	"lost = host=127.0.0.1 port=1 dbname=lost map_user=me\n"                                                       \
	"[nodes]\n"                                                                                                    \
	"worker:5432 = host=/run/w port=6000\n"                                                                        \
	"[pgshunt]\n"                                                                                                  \
	"auth_type = any\nlisten_addr = 127.0.0.1\n"

struct world {
	struct loop *loop;
	struct dns *dns;
	struct ledger *ledger;
	struct clusters *clusters;
	struct settings *settings;
	struct cluster_view view; /* of the one that was looked for */
	char source[256];
	struct cluster *looked_for;
	struct timer *end;
};

static void on_wake(struct loop *loop)
{
	(void)loop;
}

static void on_end(void *arg)
{
	loop_stop(((struct world *)arg)->loop);
}

static struct settings *parse(const char *ini)
{
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *settings = settings_parse(span_text(ini), "test", NULL, &errors);
	if (settings == NULL)
		fail_msg("%.*s", (int)buf_held(&errors), buf_head(&errors));
	buf_done(&errors);
	return settings;
}

static void world_start(struct world *w)
{
	const char *why = NULL;
	*w = (struct world){ .loop = loop_new(0), .settings = parse(INI) };
	w->dns = dns_new(w->loop, 1000000, 1000000, &why);
	w->ledger = ledger_new(&w->loop, 1, on_wake);
	w->clusters = clusters_new(w->ledger, &w->dns);
	w->end = timer_new(w->loop, on_end, w);
}

static void world_end(struct world *w)
{
	clusters_free(w->clusters);
	timer_free(w->end);
	ledger_free(w->ledger);
	dns_free(w->dns);
	loop_free(w->loop);
	settings_unref(w->settings);
}

static struct cluster *find(struct world *w, const char *name)
{
	const struct database_settings *database = settings_database(w->settings, span_text(name));
	return clusters_find(w->clusters, w->settings, database, span_text(database->dbname));
}

static void on_cluster(void *arg, struct cluster *cluster, const struct cluster_view *view)
{
	struct world *w = arg;
	if (cluster != w->looked_for)
		return;
	w->view = *view;
	snprintf(w->source, sizeof w->source, "%s", view->source);
}

static const struct cluster_view *look(struct world *w, struct cluster *cluster)
{
	w->looked_for = cluster;
	clusters_each(w->clusters, on_cluster, w);
	return &w->view;
}

static struct map *map_of_epoch(uint64_t epoch)
{
	struct map_builder *b = map_builder_new(MAP_CITUS, epoch);
	char coordinator[] = "metadata-name", worker[] = "worker", other[] = "elsewhere", dbname[] = "theirs";
	map_builder_node(b, &(struct map_node){ .name = coordinator, .port = 5432 });
	map_builder_node(b, &(struct map_node){ .name = worker, .port = 5432 });
	map_builder_node(b, &(struct map_node){ .name = other, .port = 5433, .dbname = dbname });
	return map_builder_finish(b);
}

static void one_cluster_for_an_address_and_database(void **state)
{
	struct world w;
	(void)state;
	world_start(&w);
	assert_ptr_equal(find(&w, "quiet"), find(&w, "again"));
	assert_ptr_not_equal(find(&w, "quiet"), find(&w, "other"));
	assert_ptr_not_equal(find(&w, "quiet"), find(&w, "lost"));
	assert_null(cluster_map(find(&w, "quiet"), w.loop));
	world_end(&w);
}

static bool is_current(struct cluster *cluster, uint64_t epoch)
{
	struct map *map = map_of_epoch(epoch);
	bool current = cluster_map_is_current(cluster, map);
	map_unref(map);
	return current;
}

/* The epoch that a reading would have now. */
static uint64_t epoch_now(struct cluster *cluster)
{
	for (uint64_t epoch = 0; epoch < 100; epoch++)
		if (is_current(cluster, epoch))
			return epoch;
	return UINT64_MAX;
}

static void a_disturbance_makes_older_maps_stale(void **state)
{
	struct world w;
	(void)state;
	world_start(&w);
	struct cluster *cluster = find(&w, "quiet");
	uint64_t before = epoch_now(cluster);
	cluster_disturb(cluster);
	cluster_disturb(cluster);
	assert_int_equal(epoch_now(cluster), UINT64_MAX); /* whatever is read meanwhile is not current */
	cluster_settle(cluster);
	assert_int_equal(epoch_now(cluster), UINT64_MAX);
	cluster_settle(cluster);
	assert_true(epoch_now(cluster) > before + 2);
	assert_false(is_current(cluster, before + 2)); /* read after the beginning, before the end */
	world_end(&w);
}

static void addresses_of_nodes(void **state)
{
	struct world w;
	const char *host, *dbname;
	int port;
	(void)state;
	world_start(&w);
	struct cluster *cluster = find(&w, "quiet");
	struct map *map = map_of_epoch(1);
	cluster_node_address(cluster, w.settings, NULL, 0, &host, &port, &dbname);
	assert_string_equal(host, "127.0.0.1");
	assert_int_equal(port, 1);
	assert_string_equal(dbname, "db");
	cluster_node_address(cluster, w.settings, map, 1, &host, &port, &dbname);
	assert_string_equal(host, "/run/w");
	assert_int_equal(port, 6000);
	assert_string_equal(dbname, "db");
	cluster_node_address(cluster, w.settings, map, 2, &host, &port, &dbname);
	assert_string_equal(host, "elsewhere");
	assert_int_equal(port, 5433);
	assert_string_equal(dbname, "theirs");
	map_unref(map);
	world_end(&w);
}

static void without_a_login_the_view_says_what_to_set(void **state)
{
	struct world w;
	(void)state;
	world_start(&w);
	struct cluster *quiet = find(&w, "quiet"), *plain = find(&w, "plain");
	cluster_enter(quiet);
	cluster_enter(plain);
	timer_start(w.end, 50 * 1000);
	loop_run(w.loop);
	assert_string_equal(look(&w, quiet)->state, "off");
	assert_non_null(strstr(w.view.error, "map_user"));
	assert_string_equal(look(&w, plain)->state, "off");
	assert_string_equal(w.view.error, "");
	cluster_leave(quiet);
	world_end(&w);
}

static void a_coordinator_that_refuses_is_a_failure_in_words(void **state)
{
	struct world w;
	(void)state;
	world_start(&w);
	struct cluster *cluster = find(&w, "lost");
	cluster_enter(cluster);
	timer_start(w.end, 150 * 1000);
	loop_run(w.loop);
	assert_string_equal(look(&w, cluster)->state, "failed");
	assert_string_equal(w.source, "127.0.0.1:1/lost as me");
	assert_non_null(strstr(w.view.error, "refused"));
	assert_int_equal(w.view.read_count, 0);
	assert_null(cluster_map(cluster, w.loop));
	struct account *account = ledger_account(w.ledger, ACCOUNT_NODE, span_text("127.0.0.1:1"));
	assert_int_equal(account_count(account), 0);
	world_end(&w);
}

struct reload {
	struct world *world;
	struct settings *settings;
};

static void on_reload(void *arg)
{
	struct reload *reload = arg;
	clusters_configure(reload->world->clusters, reload->settings);
}

static void a_reload_may_bring_the_login(void **state)
{
	struct world w;
	struct reload reload = { &w, parse("[databases]\nquiet = host=127.0.0.1 port=1 dbname=db map_user=new\n"
					   "[pgshunt]\nauth_type = any\nlisten_addr = 127.0.0.1\n") };
	(void)state;
	world_start(&w);
	struct cluster *cluster = find(&w, "quiet");
	struct timer *timer = timer_new(w.loop, on_reload, &reload);
	cluster_enter(cluster);
	timer_start(timer, 20 * 1000);
	timer_start(w.end, 150 * 1000);
	loop_run(w.loop);
	assert_string_equal(look(&w, cluster)->state, "failed");
	assert_string_equal(w.source, "127.0.0.1:1/db as new");
	timer_free(timer);
	settings_unref(reload.settings);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cluster_for_an_address_and_database),
		cmocka_unit_test(a_disturbance_makes_older_maps_stale),
		cmocka_unit_test(addresses_of_nodes),
		cmocka_unit_test(without_a_login_the_view_says_what_to_set),
		cmocka_unit_test(a_coordinator_that_refuses_is_a_failure_in_words),
		cmocka_unit_test(a_reload_may_bring_the_login),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
