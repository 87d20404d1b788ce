/* The watcher: the order in which servers are asked, when again, and what is done if one does not answer.
 *
 * The coordinator's connection does one thing at a time, and that is the watcher's state. Each
 * other node is a *peer* with a connection of its own, kept open, whose answers are kept too: a peer
 * that cannot be read is believed to be as it was as long as the coordinator's names are
 * what they were then. */
#include "cluster/watcher.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/conn.h"
#include "cluster/reading.h"
#include "cluster/selftest.h"

enum {
	LINGER_US = 10 * 1000000, /* after the last client */
	READ_ANYWAY_US = 30 * 1000000, /* without a change */
	SPACING_US = 5 * 1000, /* between two readings */
	SIGNAL_TIMEOUT_US = 10 * 1000000,
	READ_TIMEOUT_US = 60 * 1000000,
	PEER_TIMEOUT_US = 3 * 1000000, /* to connect to a peer: a reading waits for it */
	PEER_REFUSED_US = 10 * 1000000, /* until one that gave an error is asked again */
	FIRST_RETRY_US = 100 * 1000,
	BELIEVED_US = 30 * 1000000, /* how long a map holds that a coordinator that is there will not renew */
};

enum state { OFF, WAITING, CONNECTING, LOOKING, READING, CHECKING, TESTING, WATCHING, SIGNALLING, STATE_COUNT };

#define BIT(state) (1u << (state))
static const struct {
	const char *name, *shown; /* `shown`: as struct cluster_view has it */
	unsigned next; /* states that may follow; OFF may follow each */
} states[STATE_COUNT] = {
	[OFF] = { "off", "off", BIT(CONNECTING) },
	[WAITING] = { "waiting", "failed", BIT(CONNECTING) },
	[CONNECTING] = { "connecting", "waiting", BIT(LOOKING) | BIT(WAITING) },
	[LOOKING] = { "looking", "reading", BIT(READING) | BIT(WAITING) },
	[READING] = { "reading", "reading", BIT(CHECKING) | BIT(WAITING) },
	[CHECKING] = { "checking", "reading", BIT(TESTING) | BIT(WATCHING) | BIT(WAITING) },
	[TESTING] = { "testing", "reading", BIT(WATCHING) | BIT(WAITING) },
	[WATCHING] = { "watching", "watching", BIT(SIGNALLING) | BIT(LOOKING) | BIT(WAITING) },
	[SIGNALLING] = { "signalling", "watching", BIT(WATCHING) | BIT(WAITING) },
};

/* Statements under way on one connection, by the plan they were taken from. */
struct run {
	enum query queries[QUERY_COUNT];
	struct statement statements[QUERY_COUNT];
	PGresult *results[QUERY_COUNT];
	unsigned count;
};

struct login {
	char *user, *password; /* user NULL: there is none. password NULL: to be asked for */
	enum cluster_kind kind;
};

struct peer {
	struct list item;
	struct watcher *watcher;
	char *name, *dbname;
	int port;
	struct conn *conn;
	struct run run;
	bool used; /* by the map that is being made */
	bool awaited; /* the reading waits for it */
	bool fresh; /* read by this reading */
	uint64_t round; /* the reading that what runs is for; 0 = it is a signal */
	bool failed; /* could not be read the last time … */
	char why[256]; /* … for this reason … */
	int64_t retry_us, delay_us; /* … and is tried again then */
	PGresult *results[QUERY_COUNT];
	bool has_results;
	char *proof; /* the coordinator's names signal when they were read */
	enum map_kind kind; /* what was read for */
	char *host; /* where the connection goes, by [nodes] */
	int host_port;
};

struct watcher {
	struct loop *loop;
	struct dns *dns;
	struct ledger *ledger;
	const struct watcher_calls *calls;
	void *owner;

	const struct settings *settings;
	const struct database_settings *database;
	const char *host, *dbname;
	int port;
	struct login login;
	bool needed;

	enum state state;
	struct conn *conn;
	struct timer *timer, *linger;
	struct run run;
	bool wanted; /* a reading that starts from now on */
	uint64_t round; /* the number of the reading */
	int64_t started_us, retry_delay_us;
	int64_t failing_since_us; /* 0: the last thing went well */
	bool has_map;

	struct reading reading;
	struct list peers;
	struct selftest *test;
	PGresult *answer; /* of the self-test's statement */
	char *names, *placements; /* signals of the map */
	char *passed, *passed_summary; /* the self-test that has passed on this connection */
	struct watcher_view view;
};

static void enter(struct watcher *w, enum state state);
static void show(struct watcher *w, const char *error);
static void start(struct watcher *w);
static void stop(struct watcher *w);
static void fail(struct watcher *w, const char *why);
static void on_timer(void *arg);
static void on_linger(void *arg);
static void on_coordinator(void *owner, enum conn_event event, const char *why);
static void read_anew(struct watcher *w);
static void read_if_wanted(struct watcher *w);
static void on_looked(struct watcher *w);
static void on_read(struct watcher *w);
static void await_peers(struct watcher *w);
static void go_on_if_checked(struct watcher *w);
static void go_on_testing(struct watcher *w);
static void on_tested(struct watcher *w, const char *why);
static void publish(struct watcher *w, struct map *map);
static void on_signal(struct watcher *w);
static void tick_peers(struct watcher *w);
static struct peer *find_peer(struct watcher *w, const struct reading_node *node);
static void peer_free(struct peer *peer);
static void peer_open(struct peer *peer);
static void peer_read(struct peer *peer, enum map_kind kind);
static void read_peers_early(struct watcher *w);
static void move_peers(struct watcher *w);
static bool peer_address(const struct peer *peer, const char **host, int *port);
static void on_peer(void *owner, enum conn_event event, const char *why);
static void take_login(struct watcher *w, struct login *login);
static void forget_login(struct login *login);
static void open_node(struct watcher *w, struct conn *conn, const char *host, int port, const char *dbname,
		      int64_t timeout_us);
static void bound_node(struct watcher *w, const char *host, int port, const PGresult *look);

struct watcher *watcher_new(struct loop *loop, struct dns *dns, struct ledger *ledger,
			    const struct watcher_calls *calls, void *owner)
{
	struct watcher *w = MEM_NEW(struct watcher);
	*w = (struct watcher){ .loop = loop, .dns = dns, .ledger = ledger, .calls = calls, .owner = owner };
	list_init(&w->peers);
	w->conn = conn_new(loop, dns, on_coordinator, w);
	w->timer = timer_new(loop, on_timer, w);
	w->linger = timer_new(loop, on_linger, w);
	w->view.kind = "none";
	w->view.state = states[OFF].shown;
	return w;
}

static void clear_results(PGresult **results, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		PQclear(results[i]);
		results[i] = NULL;
	}
}

void watcher_free(struct watcher *w)
{
	if (w == NULL)
		return;
	LIST_EACH (it, &w->peers)
		peer_free(LIST_ITEM(it, struct peer, item));
	conn_free(w->conn);
	timer_free(w->timer);
	timer_free(w->linger);
	clear_results(w->run.results, QUERY_COUNT);
	PQclear(w->answer);
	selftest_free(w->test);
	reading_done(&w->reading);
	forget_login(&w->login);
	mem_free(w->names);
	mem_free(w->placements);
	mem_free(w->passed);
	mem_free(w->passed_summary);
	settings_unref(w->settings);
	mem_free(w);
}

/* --- from the owner --- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void watcher_configure(struct watcher *w, const struct settings *settings, const struct database_settings *database,
		       const char *host, int port, const char *dbname)
{
	const struct settings *old = w->settings;
	struct login login;
	w->settings = settings_ref(settings);
	w->database = database;
	w->host = host;
	w->port = port;
	w->dbname = dbname;
	take_login(w, &login);
	bool same = old && same_text(login.user, w->login.user) && same_text(login.password, w->login.password) &&
		    login.kind == w->login.kind;
	settings_unref(old);
	if (same) {
		forget_login(&login);
		move_peers(w);
		return;
	}
	stop(w);
	forget_login(&w->login);
	w->login = login;
	if (w->needed)
		start(w);
}

/* [nodes] may say that a node is elsewhere now. */
static void move_peers(struct watcher *w)
{
	LIST_EACH (it, &w->peers) {
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		const char *host;
		int port;
		if (peer_address(peer, &host, &port) || conn_is_closed(peer->conn))
			continue;
		conn_close(peer->conn);
		clear_results(peer->run.results, QUERY_COUNT);
		peer->has_results = false;
		peer_open(peer);
	}
}

void watcher_need(struct watcher *w, bool needed)
{
	w->needed = needed;
	if (!needed) {
		timer_start(w->linger, LINGER_US);
		return;
	}
	timer_stop(w->linger);
	if (w->state == OFF)
		start(w);
}

void watcher_reload(struct watcher *w)
{
	w->wanted = true;
	read_if_wanted(w);
}

/* --- states --- */

static void enter(struct watcher *w, enum state state)
{
	assert(state == OFF || (states[w->state].next & BIT(state)));
	if (states[state].shown != states[w->state].shown)
		log_debug("map of %s:%d/%s: %s -> %s", w->host, w->port, w->dbname, states[w->state].name,
			  states[state].name);
	w->state = state;
	w->view.state = states[state].shown;
	w->calls->on_view(w->owner, &w->view);
}

/* `error`: NULL = as it was, "" = none. To be called before enter(), which shows it. */
static void show(struct watcher *w, const char *error)
{
	snprintf(w->view.source, sizeof w->view.source, "%s:%d/%s as %s", w->host, w->port, w->dbname,
		 w->login.user ? w->login.user : "nobody");
	if (error)
		snprintf(w->view.error, sizeof w->view.error, "%s", error);
}

static void start(struct watcher *w)
{
	assert(w->state == OFF);
	if (w->login.kind == CLUSTER_NONE || w->login.user == NULL) {
		show(w, w->login.kind == CLUSTER_NONE
				? ""
				: "no login to read the shard map with: set map_user and map_password");
		enter(w, OFF);
		return;
	}
	w->retry_delay_us = FIRST_RETRY_US;
	show(w, "");
	enter(w, CONNECTING);
	open_node(w, w->conn, w->host, w->port, w->dbname, w->settings->server_connect_timeout_us);
}

/* Nobody looks any more, so nothing may be believed of what was known. */
static void stop(struct watcher *w)
{
	conn_close(w->conn);
	timer_stop(w->timer);
	clear_results(w->run.results, QUERY_COUNT);
	LIST_EACH (it, &w->peers)
		peer_free(LIST_ITEM(it, struct peer, item));
	selftest_free(w->test);
	w->test = NULL;
	reading_done(&w->reading);
	if (w->has_map)
		w->calls->on_map(w->owner, NULL);
	w->has_map = false;
	w->failing_since_us = 0;
	if (w->state != OFF)
		enter(w, OFF);
}

static void on_linger(void *arg)
{
	struct watcher *w = arg;
	if (!w->needed)
		stop(w);
}

/* The next time to wait after one that was waited in vain. */
static int64_t longer(const struct watcher *w, int64_t delay_us)
{
	return delay_us * 2 < w->settings->node_retry_us ? delay_us * 2 : w->settings->node_retry_us;
}

/* The map stays as it is while the coordinator cannot be reached, since then nobody changes names through it. */
static void fail(struct watcher *w, const char *why)
{
	int64_t now_us = loop_now_us(w->loop);
	bool answered = conn_was_answered(w->conn);
	conn_close(w->conn);
	clear_results(w->run.results, QUERY_COUNT);
	selftest_free(w->test);
	w->test = NULL;
	reading_done(&w->reading);
	LIST_EACH (it, &w->peers)
		LIST_ITEM(it, struct peer, item)->awaited = false;
	if (w->failing_since_us == 0)
		w->failing_since_us = now_us;
	if (strcmp(w->view.error, why) != 0)
		log_warning("cannot read the map of %s:%d/%s: %s", w->host, w->port, w->dbname, why);
	show(w, why);
	enter(w, WAITING);
	timer_start(w->timer, w->retry_delay_us);
	w->retry_delay_us = longer(w, w->retry_delay_us);
	if (answered && w->has_map && now_us - w->failing_since_us > BELIEVED_US) {
		w->has_map = false;
		w->calls->on_map(w->owner, NULL);
	}
}

static void on_timer(void *arg)
{
	struct watcher *w = arg;
	if (w->state == WAITING) {
		enter(w, CONNECTING);
		open_node(w, w->conn, w->host, w->port, w->dbname, w->settings->server_connect_timeout_us);
		return;
	}
	if (w->state != WATCHING)
		return;
	if (loop_now_us(w->loop) - w->started_us > READ_ANYWAY_US)
		w->wanted = true;
	if (w->wanted) {
		read_anew(w);
		return;
	}
	w->run.queries[0] = w->placements ? QUERY_SIGNAL_CITUS : QUERY_SIGNAL;
	w->run.statements[0] = (struct statement){ .sql = query_text(w->run.queries[0]) };
	w->run.count = 1;
	enter(w, SIGNALLING);
	conn_run(w->conn, w->run.statements, 1, w->run.results, SIGNAL_TIMEOUT_US);
	tick_peers(w);
}

static void on_coordinator(void *owner, enum conn_event event, const char *why)
{
	struct watcher *w = owner;
	if (event == CONN_OPENED) {
		mem_free(w->passed); /* it may be another server than before */
		w->passed = NULL;
		read_anew(w);
	} else if (event == CONN_LOST || (event == CONN_FAILED && w->state != TESTING)) {
		fail(w, why);
	} else if (w->state == TESTING) {
		on_tested(w, event == CONN_DONE ? NULL : why);
	} else if (w->state == LOOKING) {
		on_looked(w);
	} else if (w->state == READING) {
		on_read(w);
	} else if (w->state == SIGNALLING) {
		on_signal(w);
	}
}

/* --- a reading --- */

static void plan(struct run *run, const enum query *queries)
{
	for (run->count = 0; queries[run->count] != QUERY_COUNT; run->count++) {
		run->queries[run->count] = queries[run->count];
		run->statements[run->count] = (struct statement){ .sql = query_text(queries[run->count]) };
	}
}

/* Results of a run to their places. */
static void keep(struct run *run, PGresult **results)
{
	for (unsigned i = 0; i < run->count; i++) {
		PQclear(results[run->queries[i]]);
		results[run->queries[i]] = run->results[i];
		run->results[i] = NULL;
	}
}

static void read_if_wanted(struct watcher *w)
{
	if (w->state != WATCHING || !w->wanted)
		return;
	int64_t due_us = w->started_us + SPACING_US - loop_now_us(w->loop);
	if (due_us > 0)
		timer_start(w->timer, due_us);
	else
		read_anew(w);
}

/* The epoch is asked before anything is: what ended before now is in what will be read. */
static void read_anew(struct watcher *w)
{
	timer_stop(w->timer);
	w->wanted = false;
	w->round++;
	w->started_us = loop_now_us(w->loop);
	reading_done(&w->reading);
	w->reading.epoch = w->calls->epoch(w->owner);
	w->reading.host = w->host;
	w->reading.port = w->port;
	plan(&w->run, look_plan);
	enter(w, LOOKING);
	conn_run(w->conn, w->run.statements, w->run.count, w->run.results, READ_TIMEOUT_US);
	read_peers_early(w);
}

static void on_looked(struct watcher *w)
{
	keep(&w->run, w->reading.results);
	bound_node(w, w->host, w->port, w->reading.results[QUERY_LOOK]);
	const char *why = reading_see_kind(&w->reading, w->login.kind);
	if (why) {
		fail(w, why);
		return;
	}
	plan(&w->run, reading_plan(&w->reading));
	if (!cell_bool(w->reading.results[QUERY_LOOK], 0, LOOK_HAS_TENANTS))
		for (unsigned i = 0; i < w->run.count; i++)
			if (w->run.queries[i] == QUERY_CITUS_TENANTS) {
				w->run.queries[i] = w->run.queries[--w->run.count];
				w->run.statements[i] = w->run.statements[w->run.count];
			}
	enter(w, READING);
	conn_run(w->conn, w->run.statements, w->run.count, w->run.results, READ_TIMEOUT_US);
}

static const char *names_of(const struct reading *reading)
{
	const PGresult *citus = reading->results[QUERY_SIGNAL_CITUS];
	return cell(citus ? citus : reading->results[QUERY_SIGNAL], 0, SIGNAL_NAMES);
}

static void on_read(struct watcher *w)
{
	keep(&w->run, w->reading.results);
	const char *why = reading_see_nodes(&w->reading);
	if (why) {
		fail(w, why);
		return;
	}
	enter(w, CHECKING);
	await_peers(w);
	go_on_if_checked(w);
}

/* --- the self-test, and the end --- */

/* The first map is made to know what there is to be tested. If just that has passed already, it is the map. */
static void go_on_if_checked(struct watcher *w)
{
	if (w->state != CHECKING)
		return;
	LIST_EACH (it, &w->peers)
		if (LIST_ITEM(it, struct peer, item)->awaited)
			return;
	for (size_t i = 1; i < w->reading.node_count; i++) {
		struct reading_node *node = &w->reading.nodes[i];
		struct peer *peer = node->refused ? NULL : find_peer(w, node);
		if (peer == NULL)
			continue;
		if (peer->fresh) {
			mem_free(peer->proof);
			peer->proof = mem_strdup(names_of(&w->reading));
		}
		if (peer->has_results && peer->kind == w->reading.kind && same_text(peer->proof, names_of(&w->reading)))
			node->results = peer->results;
		else
			node->unread = mem_printf("it could not be read: %s", peer->why);
	}
	const PGresult *look = w->reading.results[QUERY_LOOK];
	struct map *draft = reading_map(&w->reading, NULL, NULL, w->passed_summary);
	w->test = selftest_new(draft, cell_bool(look, 0, LOOK_HAS_WORKER_HASH), cell_bool(look, 0, LOOK_HAS_SHARD_OF));
	if (same_text(w->passed, selftest_signature(w->test))) {
		publish(w, draft);
		return;
	}
	map_unref(draft);
	enter(w, TESTING);
	go_on_testing(w);
}

static void go_on_testing(struct watcher *w)
{
	const struct statement *statement = selftest_next(w->test);
	if (statement) {
		conn_run(w->conn, statement, 1, &w->answer, READ_TIMEOUT_US);
		return;
	}
	mem_free(w->passed);
	mem_free(w->passed_summary);
	w->passed_summary = mem_strdup(selftest_summary(w->test));
	w->passed = selftest_passed(w->test) ? mem_strdup(selftest_signature(w->test)) : NULL;
	if (w->passed == NULL)
		log_warning("map of %s:%d/%s: %s", w->host, w->port, w->dbname, w->passed_summary);
	publish(w, reading_map(&w->reading, selftest_refuse, w->test, w->passed_summary));
}

static void on_tested(struct watcher *w, const char *why)
{
	selftest_answer(w->test, w->answer, why);
	PQclear(w->answer);
	w->answer = NULL;
	go_on_testing(w);
}

static void publish(struct watcher *w, struct map *map)
{
	static const char *const kinds[] = { [MAP_NONE] = "none", [MAP_NATIVE] = "native", [MAP_CITUS] = "citus" };
	const PGresult *citus = w->reading.results[QUERY_SIGNAL_CITUS];
	w->view.kind = kinds[w->reading.kind];
	mem_free(w->names);
	mem_free(w->placements);
	w->names = mem_strdup(names_of(&w->reading));
	w->placements = citus ? mem_strdup(cell(citus, 0, SIGNAL_PLACEMENTS)) : NULL;
	selftest_free(w->test);
	w->test = NULL;
	LIST_EACH (it, &w->peers) {
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		if (!peer->used)
			peer_free(peer);
	}
	log_debug("map of %s:%d/%s: version %llu, %zu relations, %zu nodes, in %lld us, self-test %s", w->host, w->port,
		  w->dbname, (unsigned long long)map_version(map), map_relation_count(map), map_node_count(map),
		  (long long)(clock_now_us() - w->started_us), map_self_test(map));
	w->has_map = true;
	w->failing_since_us = 0;
	w->retry_delay_us = FIRST_RETRY_US;
	w->view.last_read_us = map_loaded_us(map);
	w->view.read_count++;
	show(w, "");
	reading_done(&w->reading);
	w->calls->on_map(w->owner, map);
	enter(w, WATCHING);
	timer_start(w->timer, w->database->map_refresh_us);
	read_if_wanted(w);
}

/* --- between readings --- */

static void on_signal(struct watcher *w)
{
	const PGresult *result = w->run.results[0];
	bool moved = !same_text(w->names, cell(result, 0, SIGNAL_NAMES)) ||
		     (w->placements && !same_text(w->placements, cell(result, 0, SIGNAL_PLACEMENTS)));
	clear_results(w->run.results, 1);
	w->wanted |= moved;
	enter(w, WATCHING);
	timer_start(w->timer, w->database->map_refresh_us);
	read_if_wanted(w);
}

static void tick_peers(struct watcher *w)
{
	LIST_EACH (it, &w->peers) {
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		if (conn_is_idle(peer->conn)) {
			peer->round = 0;
			peer->run.count = 1;
			peer->run.queries[0] = QUERY_SIGNAL;
			peer->run.statements[0] = (struct statement){ .sql = query_text(QUERY_SIGNAL) };
			conn_run(peer->conn, peer->run.statements, 1, peer->run.results, SIGNAL_TIMEOUT_US);
		} else if (conn_is_closed(peer->conn) && loop_now_us(w->loop) >= peer->retry_us) {
			peer_open(peer);
		}
	}
}

/* --- peers --- */

/* Those that are known are read while the coordinator is; what they are wanted for is most likely what they were. */
static void read_peers_early(struct watcher *w)
{
	LIST_EACH (it, &w->peers) {
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		peer->used = false;
		peer->fresh = false;
		peer->awaited = conn_is_idle(peer->conn);
		if (peer->awaited)
			peer_read(peer, peer->kind);
	}
}

/* A node that has failed is tried again between readings, not by them: they would wait for it each time. */
static void await_peers(struct watcher *w)
{
	for (size_t i = 1; i < w->reading.node_count; i++) {
		struct reading_node *node = &w->reading.nodes[i];
		if (node->refused)
			continue;
		struct peer *peer = find_peer(w, node);
		peer->used = true;
		if (peer->awaited || (peer->fresh && peer->kind == w->reading.kind))
			continue;
		peer->fresh = false;
		if (peer->failed && !conn_is_idle(peer->conn))
			continue;
		peer->awaited = true;
		if (conn_is_idle(peer->conn))
			peer_read(peer, w->reading.kind);
		else if (conn_is_closed(peer->conn))
			peer_open(peer);
		/* else its signal is under way, and then it is read */
	}
	LIST_EACH (it, &w->peers) { /* nodes that are no more are not waited for */
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		peer->awaited &= peer->used;
	}
}

static struct peer *find_peer(struct watcher *w, const struct reading_node *node)
{
	LIST_EACH (it, &w->peers) {
		struct peer *peer = LIST_ITEM(it, struct peer, item);
		if (strcmp(peer->name, node->name) == 0 && peer->port == node->port &&
		    same_text(peer->dbname, node->dbname))
			return peer;
	}
	struct peer *peer = MEM_NEW(struct peer);
	peer->watcher = w;
	peer->name = mem_strdup(node->name);
	peer->dbname = node->dbname ? mem_strdup(node->dbname) : NULL;
	peer->port = node->port;
	peer->delay_us = FIRST_RETRY_US;
	peer->conn = conn_new(w->loop, w->dns, on_peer, peer);
	list_init(&peer->item);
	list_append(&w->peers, &peer->item);
	return peer;
}

static void peer_free(struct peer *peer)
{
	list_remove(&peer->item);
	conn_free(peer->conn);
	clear_results(peer->run.results, QUERY_COUNT);
	clear_results(peer->results, QUERY_COUNT);
	mem_free(peer->proof);
	mem_free(peer->host);
	mem_free(peer->name);
	mem_free(peer->dbname);
	mem_free(peer);
}

/* By [nodes] as they are now; true if the connection goes there. */
static bool peer_address(const struct peer *peer, const char **host, int *port)
{
	*host = peer->name;
	*port = peer->port;
	settings_node(peer->watcher->settings, span_text(peer->name), peer->port, host, port);
	return same_text(*host, peer->host) && *port == peer->host_port;
}

static void peer_open(struct peer *peer)
{
	const char *host;
	int port;
	if (!peer_address(peer, &host, &port)) {
		mem_free(peer->host);
		peer->host = mem_strdup(host);
		peer->host_port = port;
	}
	open_node(peer->watcher, peer->conn, host, port, peer->dbname ? peer->dbname : peer->watcher->dbname,
		  PEER_TIMEOUT_US);
}

static void peer_read(struct peer *peer, enum map_kind kind)
{
	peer->round = peer->watcher->round;
	peer->kind = kind;
	plan(&peer->run, reading_node_plan(kind));
	conn_run(peer->conn, peer->run.statements, peer->run.count, peer->run.results, READ_TIMEOUT_US);
}

/* What was asked for, or that it has changed since. */
static void on_peer_done(struct peer *peer)
{
	struct watcher *w = peer->watcher;
	/* It was asked before this reading began, or for another kind of cluster. */
	bool late = peer->round != w->round || (w->state == CHECKING && peer->kind != w->reading.kind);
	if (peer->awaited && late) {
		clear_results(peer->run.results, QUERY_COUNT);
		peer_read(peer, w->state == CHECKING ? w->reading.kind : peer->kind);
		return;
	}
	if (peer->round) {
		keep(&peer->run, peer->results);
		bound_node(w, peer->host, peer->host_port, peer->results[QUERY_LOOK]);
		peer->has_results = true;
		peer->failed = false;
		peer->delay_us = FIRST_RETRY_US;
		peer->fresh = peer->awaited;
		peer->awaited = false;
		go_on_if_checked(w);
		return;
	}
	const PGresult *before = peer->results[QUERY_SIGNAL];
	bool moved = !peer->has_results || !same_text(cell(before, 0, 0), cell(peer->run.results[0], 0, 0));
	clear_results(peer->run.results, 1);
	if (moved) {
		w->wanted = true;
		read_if_wanted(w);
	}
}

static void on_peer(void *owner, enum conn_event event, const char *why)
{
	struct peer *peer = owner;
	struct watcher *w = peer->watcher;
	if (event == CONN_DONE) {
		on_peer_done(peer);
		return;
	}
	if (event == CONN_OPENED) {
		if (peer->awaited) {
			peer_read(peer, w->reading.kind);
		} else { /* it was away, and may be another one now */
			w->wanted = true;
			read_if_wanted(w);
		}
		return;
	}
	conn_close(peer->conn);
	clear_results(peer->run.results, QUERY_COUNT);
	if (!peer->failed || strcmp(peer->why, why) != 0)
		log_warning("cannot read node %s:%d of %s:%d/%s: %s", peer->name, peer->port, w->host, w->port,
			    w->dbname, why);
	snprintf(peer->why, sizeof peer->why, "%s", why);
	peer->failed = true;
	peer->retry_us = loop_now_us(w->loop) + (event == CONN_FAILED ? PEER_REFUSED_US : peer->delay_us);
	peer->delay_us = longer(w, peer->delay_us);
	if (peer->awaited) {
		peer->awaited = false;
		go_on_if_checked(w);
	}
}

/* --- logins and bounds --- */

/* map_user, whose default is auth_user, with map_password; else the user whom the entry forces. */
static void take_login(struct watcher *w, struct login *login)
{
	const struct database_settings *db = w->database;
	const char *user = db->map_user[0] ? db->map_user : db->auth_user[0] ? db->auth_user : db->user;
	const char *password = db->map_password[0] ? db->map_password : "";
	if (!password[0] && strcmp(user, db->user) == 0)
		password = db->password;
	*login = (struct login){ .kind = db->cluster };
	login->user = user[0] ? mem_strdup(user) : NULL;
	login->password = password[0] ? mem_strdup(password) : NULL;
}

static void forget_login(struct login *login)
{
	mem_free(login->user);
	mem_free_secret(login->password);
	*login = (struct login){ 0 };
}

static struct account *account_of(struct watcher *w, const char *host, int port)
{
	char *key = mem_printf("%s:%d", host, port);
	struct account *account = ledger_account(w->ledger, ACCOUNT_NODE, span_text(key));
	mem_free(key);
	return account;
}

static void open_node(struct watcher *w, struct conn *conn, const char *host, int port, const char *dbname,
		      int64_t timeout_us)
{
	char *asked = w->login.password ? NULL : w->calls->password(w->owner, span_text(w->login.user));
	enum sslmode mode = w->settings->server_tls_sslmode;
	/* As pools connect: without TLS, unless it is demanded. */
	bool plain = mode == SSLMODE_DISABLE || mode == SSLMODE_ALLOW || mode == SSLMODE_PREFER;
	struct conn_login login = { .host = host,
				    .port = port,
				    .dbname = dbname,
				    .user = w->login.user,
				    .password = asked ? asked : w->login.password,
				    .sslmode = plain ? "disable" : sslmode_text(mode) };
	conn_open(conn, account_of(w, host, port), &login, timeout_us);
	mem_free_secret(asked);
}

/* max_node_connections; where it is 0, half of what the node leaves to ordinary logins. */
static void bound_node(struct watcher *w, const char *host, int port, const PGresult *look)
{
	enum { AT_LEAST = 2 };
	int limit = w->database->max_node_connections;
	if (limit == 0) {
		limit = (int)cell_number(look, 0, LOOK_CONNECTIONS) / 2;
		limit = limit < AT_LEAST ? AT_LEAST : limit;
	}
	account_set_limit(account_of(w, host, port), limit);
}
