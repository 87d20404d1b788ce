/* The sessions of a loop: accepting, time, the end. */
#include "session/sessions.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "session/client.h"

enum { TICK_US = 100 * 1000, SWEEP_TICKS = 100 };

struct arrival {
	struct mail mail;
	struct sessions *sessions;
	int fd;
};

static void on_arrival(struct mail *mail, struct loop *loop);
static void on_tick(void *arg);

struct sessions *sessions_new(struct sessions_shared *shared, unsigned index, const struct settings *settings,
			      struct users *users, struct dns *dns, struct pools *pools,
			      const struct console_hooks *console)
{
	struct sessions *s = MEM_NEW(struct sessions);
	s->loop = shared->loops[index];
	s->index = index;
	s->shared = shared;
	s->settings = settings_ref(settings);
	s->users = users ? users_ref(users) : NULL;
	s->dns = dns;
	s->pools = pools;
	s->statements = statement_table_new();
	s->console = console;
	table_init(&s->databases);
	table_init(&s->tenants);
	list_init(&s->clients);
	list_init(&s->superseded);
	s->tick = timer_new(s->loop, on_tick, s);
	timer_start(s->tick, TICK_US);
	return s;
}

void sessions_free(struct sessions *s)
{
	LIST_EACH (it, &s->clients)
		client_close(LIST_ITEM(it, struct client, all), "stopped");
	timer_free(s->tick);
	tenants_free(s, true);
	table_done(&s->tenants);
	table_done(&s->databases);
	mem_free(s->slots);
	settings_unref(s->settings);
	users_unref(s->users);
	mem_free(s);
}

void sessions_accept(struct sessions *sessions, int fd)
{
	struct arrival *arrival = MEM_NEW(struct arrival);
	arrival->sessions = sessions;
	arrival->fd = fd;
	arrival->mail.on_mail = on_arrival;
	/* Counted before it arrives, so that a burst is spread. */
	atomic_fetch_add(&sessions->shared->loop_clients[sessions->index], 1);
	loop_post(sessions->loop, &arrival->mail);
}

static void on_arrival(struct mail *mail, struct loop *loop)
{
	struct arrival *arrival = MEM_CONTAINER(mail, struct arrival, mail);
	(void)loop;
	client_new(arrival->sessions, arrival->fd);
	mem_free(arrival);
}

void sessions_configure(struct sessions *s, const struct settings *settings, struct users *users)
{
	settings_unref(s->settings);
	s->settings = settings_ref(settings);
	users_unref(s->users);
	s->users = users ? users_ref(users) : NULL;
	tenants_free(s, false);
}

/* --- time --- */

static void check_client(struct client *c, int64_t now_us)
{
	const struct settings *settings = c->sessions->settings;
	if (c->state <= CLIENT_WELCOME && settings->client_login_timeout_us &&
	    now_us - c->connected_us > settings->client_login_timeout_us)
		client_fatal(c, "08P01", "client_login_timeout", NULL);
}

static void on_tick(void *arg)
{
	struct sessions *s = arg;
	static const unsigned sweep = SWEEP_TICKS;
	int64_t now_us = loop_now_us(s->loop);
	timer_start(s->tick, TICK_US);
	/* New clients are appended: those who are logging in are at the end. */
	for (struct list *it = s->clients.prev, *prev = it->prev; it != &s->clients; it = prev, prev = it->prev) {
		struct client *c = LIST_ITEM(it, struct client, all);
		if (c->state > CLIENT_WELCOME &&
		    now_us - c->connected_us > s->settings->client_login_timeout_us + TICK_US)
			break;
		check_client(c, now_us);
	}
	pools_tick(s->pools);
	if ((now_us / TICK_US) % sweep == 0)
		statement_table_sweep(s->statements);
}

void sessions_stop(struct sessions *s, bool idle_too)
{
	LIST_EACH (it, &s->clients) {
		struct client *c = LIST_ITEM(it, struct client, all);
		bool resting = c->state < CLIENT_WAITING && !c->held;
		if (c->state <= CLIENT_WELCOME || (idle_too && resting))
			client_fatal(c, "57P01", "server shutting down", NULL);
	}
}

unsigned sessions_client_count(const struct sessions *s)
{
	unsigned count = 0;
	for (const struct list *it = s->clients.next; it != &s->clients; it = it->next)
		count++;
	return count;
}

/* --- console --- */

void sessions_each_client(struct sessions *s, void (*on_client)(void *arg, const struct client *client), void *arg)
{
	LIST_EACH (it, &s->clients)
		on_client(arg, LIST_ITEM(it, struct client, all));
}

void sessions_each_database(struct sessions *s, void (*on_database)(void *arg, const struct database *database),
			    void *arg)
{
	TABLE_EACH (it, &s->databases)
		on_database(arg, TABLE_ITEM(it, struct database, item));
	LIST_EACH (it, &s->superseded)
		on_database(arg, LIST_ITEM(it, struct database, superseded));
}

struct client *sessions_client(struct sessions *s, uint32_t id)
{
	unsigned slot = id & 0xffffff;
	return id >> 24 == s->index && slot < s->slot_count ? s->slots[slot] : NULL;
}
