/* Fuzzes whole connections: a client and servers that say anything, at any time, with
 * the sessions and pools of one loop between them.
 *
 *    client's end ──[socketpair]── sessions ── pools ──[Unix socket]── server's ends
 *
 *    byte 0   options: see enum option
 *    then     records, each a letter and a length in one byte ahead of its bytes:
 *             c the client sends;  s the last server sends;  a servers answer what they
 *             were asked, rightly;  x the client closes;  k the last server closes
 *
 * What either side is sent must always be whole messages, one after the other, and
 * nothing may be left when the client has gone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "fuzz.h"
#include "session/sessions.h"
#include "wire/proto.h"

enum option { LOG_IN = 1, SESSION_MODE = 2, CONSOLE = 4, FEW_STATEMENTS = 8, REFUSE_PINS = 16 };

enum { MOST_SERVERS = 4, MOST_BYTES = 1 << 16 };

/* One end that is ours: what it was sent and is not read as messages yet. */
struct end {
	int fd; /* -1 = closed */
	bool framed; /* messages with a type, from here on */
	bool ready; /* it has had a ReadyForQuery */
	struct buf in;
};

struct place {
	struct loop *loop;
	struct dns *dns;
	struct timer *timer;
	int listener;
	const struct settings *settings[32]; /* by option */
	struct users *users;
};

struct run {
	struct place *place;
	struct sessions_shared shared;
	struct sessions *sessions, *all[1];
	struct pools *pools, *peers[1];
	struct console_hooks console;
	struct end client, servers[MOST_SERVERS];
	unsigned server_count;
};

static struct place *the_place(void);
static void start(struct run *run, struct place *place, unsigned options);
static void finish(struct run *run);
static void play(struct run *run, struct span records);
static void turn(struct run *run, bool answering);
static void say(struct end *end, struct span bytes);
static void serve(struct run *run, struct end *server, bool answering);
static void check_client(struct run *run);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char login[] = "\0\0\0\x1c\0\3\0\0user\0app\0database\0d\0\0";
	static const char console[] = "\0\0\0\x22\0\3\0\0user\0admin\0database\0pgshunt\0\0";
	struct run run = { .server_count = 0 };
	if (len == 0)
		return 0;
	start(&run, the_place(), bytes[0]);
	if (bytes[0] & LOG_IN) {
		struct span packet =
			bytes[0] & CONSOLE ? span_of(console, sizeof console - 1) : span_of(login, sizeof login - 1);
		char *copy = mem_alloc(packet.len);
		memcpy(copy, packet.ptr, packet.len);
		copy[3] = (char)packet.len;
		run.client.framed = true;
		say(&run.client, span_of(copy, packet.len));
		mem_free(copy);
		for (int i = 0; i < 6; i++)
			turn(&run, true);
		FUZZ_CHECK(run.client.ready);
	}
	play(&run, span_of((const char *)bytes + 1, len - 1));
	finish(&run);
	return 0;
}

/* --- what lives as long as the process --- */

static void on_timer(void *arg)
{
	loop_stop(arg);
}

static void on_wake(struct loop *loop)
{
	(void)loop;
}

static const struct settings *settings_of(unsigned options, const char *folder)
{
	struct buf errors;
	char *text = mem_printf("[databases]\nd = host=%s port=5432 cluster=none pinning=%s\n[pgshunt]\n"
				"auth_type = trust\nadmin_users = admin\npool_mode = %s\n"
				"max_prepared_statements = %d\nlisten_port = 1\n",
				folder, options & REFUSE_PINS ? "refuse" : "on",
				options & SESSION_MODE ? "session" : "transaction", options & FEW_STATEMENTS ? 1 : 100);
	buf_init(&errors, 0);
	struct settings *settings = settings_parse(span_text(text), "fuzz.ini", NULL, &errors);
	if (settings == NULL)
		fprintf(stderr, "%.*s\n", (int)buf_held(&errors), buf_head(&errors));
	FUZZ_CHECK(settings);
	buf_done(&errors);
	mem_free(text);
	return settings;
}

static struct place *the_place(void)
{
	static struct place place; /* global: made once */
	static char folder[64];
	struct address at;
	const char *why = NULL;
	if (place.loop)
		return &place;
	log_set_verbose(-(int)LOG_LOG);
	snprintf(folder, sizeof folder, "@pgshunt-fuzz-%d", (int)getpid());
	FUZZ_CHECK(address_from_folder(&at, folder, 5432));
	place.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FUZZ_CHECK(bind(place.listener, &at.any, at.len) == 0 && listen(place.listener, 16) == 0);
	place.loop = loop_new(0);
	place.dns = dns_new(place.loop, 1000000, 1000000, &why);
	place.timer = timer_new(place.loop, on_timer, place.loop);
	char *reason = NULL;
	place.users = users_parse(span_text("\"app\" \"x\"\n\"admin\" \"x\"\n"), "users", 1, NULL, &reason);
	FUZZ_CHECK(place.users);
	for (unsigned i = 0; i < 32; i++)
		place.settings[i] = settings_of(i, folder);
	return &place;
}

/* --- a run --- */

static void on_query(void *owner, struct client *client, const char *sql)
{
	(void)owner;
	wire_add_complete(client_console_out(client), *sql ? "SHOW" : "");
	wire_add_ready(client_console_out(client), 'I');
	client_console_done(client);
}

static void start(struct run *run, struct place *place, unsigned options)
{
	const struct settings *settings = place->settings[options & 31];
	static struct loop *loops[1]; /* global: outlives the run */
	static struct dns *all_dns[1]; /* global: outlives the run */
	int fds[2];
	loops[0] = place->loop;
	all_dns[0] = place->dns;
	run->place = place;
	run->shared.loops = loops;
	run->shared.loop_count = 1;
	run->shared.sessions = run->all;
	run->shared.ledger = ledger_new(loops, 1, on_wake);
	run->shared.clusters = clusters_new(run->shared.ledger, all_dns);
	run->shared.welcomes = welcomes_new();
	run->console = (struct console_hooks){ .on_query = on_query };
	run->pools = run->peers[0] = pools_new(place->loop, place->dns, run->shared.ledger, settings, run->peers);
	run->sessions = run->all[0] =
		sessions_new(&run->shared, 0, settings, place->users, place->dns, run->pools, &run->console);
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	run->client.fd = fds[0];
	buf_init(&run->client.in, 0);
	sessions_accept(run->sessions, fds[1]);
	turn(run, false);
}

static void end_close(struct end *end)
{
	if (end->fd >= 0)
		close(end->fd);
	end->fd = -1;
}

static void finish(struct run *run)
{
	check_client(run);
	end_close(&run->client);
	for (int i = 0; i < 3; i++)
		turn(run, false);
	FUZZ_CHECK(sessions_client_count(run->sessions) == 0);
	FUZZ_CHECK(run->shared.client_count == 0 && run->shared.loop_clients[0] == 0);
	for (unsigned i = 0; i < run->server_count; i++) {
		end_close(&run->servers[i]);
		buf_done(&run->servers[i].in);
	}
	turn(run, false);
	struct statement_table *statements = run->sessions->statements;
	loop_enter(run->place->loop);
	sessions_free(run->sessions);
	pools_free(run->pools);
	loop_leave(run->place->loop);
	turn(run, false);
	statement_table_free(statements); /* servers refer to it to their end */
	welcomes_free(run->shared.welcomes);
	clusters_free(run->shared.clusters);
	ledger_free(run->shared.ledger);
	for (int fd; (fd = accept(run->place->listener, NULL, NULL)) >= 0;)
		close(fd);
	buf_done(&run->client.in);
}

static struct end *last_server(struct run *run)
{
	return run->server_count ? &run->servers[run->server_count - 1] : NULL;
}

static void say(struct end *end, struct span bytes)
{
	/* What does not fit is lost: nobody reads, and there is time for no more. */
	if (end && end->fd >= 0 && bytes.len)
		(void)!send(end->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
}

static void play(struct run *run, struct span records)
{
	while (records.len >= 2) {
		char what = records.ptr[0];
		size_t len = (uint8_t)records.ptr[1];
		records = span_of(records.ptr + 2, records.len - 2);
		len = len < records.len ? len : records.len;
		struct span bytes = span_of(records.ptr, len);
		if (what == 'c')
			say(&run->client, bytes);
		else if (what == 's')
			say(last_server(run), bytes);
		else if (what == 'x')
			end_close(&run->client);
		else if (what == 'k' && last_server(run))
			end_close(last_server(run));
		if (what != 'x' && what != 'k')
			records = span_of(records.ptr + len, records.len - len);
		for (int i = 0; i < 3; i++)
			turn(run, what == 'a');
	}
}

/* The loop once round, then the servers. */
static void turn(struct run *run, bool answering)
{
	timer_start(run->place->timer, 0);
	loop_run(run->place->loop);
	int fd = accept4(run->place->listener, NULL, NULL, SOCK_NONBLOCK);
	if (fd >= 0 && run->server_count < MOST_SERVERS) {
		struct end *server = &run->servers[run->server_count++];
		*server = (struct end){ .fd = fd };
		buf_init(&server->in, 0);
	} else if (fd >= 0) {
		close(fd);
	}
	for (unsigned i = 0; i < run->server_count; i++)
		serve(run, &run->servers[i], answering);
	check_client(run);
}

static void receive(struct end *end)
{
	char bytes[MOST_BYTES];
	ssize_t n;
	while (end->fd >= 0 && (n = recv(end->fd, bytes, sizeof bytes, 0)) > 0)
		buf_add(&end->in, bytes, (size_t)n);
}

/* The next whole message, taken; false if there is none. */
static bool next_message(struct end *end, const char *types, char *type, struct buf *body)
{
	struct wire_head head;
	enum wire_result got = wire_read_head(buf_span(&end->in), &head);
	FUZZ_CHECK(got != WIRE_BAD);
	if (got == WIRE_OK)
		FUZZ_CHECK(head.type && strchr(types, head.type));
	if (got != WIRE_OK || head.total > buf_held(&end->in))
		return false;
	*type = head.type;
	buf_clear(body);
	buf_add(body, buf_head(&end->in) + WIRE_HEAD_BYTES, head.total - WIRE_HEAD_BYTES);
	buf_take(&end->in, head.total);
	return true;
}

static void welcome(struct end *server)
{
	struct buf out;
	buf_init(&out, 0);
	size_t token = wire_begin(&out, 'R');
	buf_add_u32(&out, 0);
	wire_end(&out, token);
	wire_add_parameter(&out, span_text("client_encoding"), span_text("UTF8"));
	wire_add_parameter(&out, span_text("standard_conforming_strings"), span_text("on"));
	wire_add_parameter(&out, span_text("server_version"), span_text("15.0"));
	wire_add_key(&out, 7, "abcd", 4);
	wire_add_ready(&out, 'I');
	say(server, buf_span(&out));
	buf_done(&out);
}

/* Right answers, of the plainest kind. */
static void answer(struct buf *out, char type, struct span body)
{
	static const char simple[] = "P1B2C3";
	const char *at = strchr(simple, type);
	if (at) {
		wire_simple(out, at[1]);
	} else if (type == 'D') {
		if (body.len && body.ptr[0] == 'S') {
			size_t token = wire_begin(out, 't');
			buf_add_u16(out, 0);
			wire_end(out, token);
		}
		wire_simple(out, 'n');
	} else if (type == 'E') {
		wire_add_complete(out, "SELECT 0");
	} else if (type == 'S') {
		wire_add_ready(out, 'I');
	} else if (type == 'Q') {
		wire_add_complete(out, "SELECT 0");
		wire_add_ready(out, 'I');
	} else if (type == 'F') {
		size_t token = wire_begin(out, 'V');
		buf_add_u32(out, UINT32_MAX);
		wire_end(out, token);
		wire_add_ready(out, 'I');
	}
}

static void serve(struct run *run, struct end *server, bool answering)
{
	char type;
	struct buf body, out;
	(void)run;
	receive(server);
	if (!server->framed) {
		struct span held = buf_span(&server->in);
		struct startup startup;
		size_t total;
		const char *why;
		enum wire_result got = wire_read_startup(held, &startup, &total, &why);
		FUZZ_CHECK(got != WIRE_BAD);
		if (got != WIRE_OK)
			return;
		buf_take(&server->in, total);
		server->framed = true;
		if (startup.kind != STARTUP_SESSION)
			end_close(server);
		else if (answering)
			welcome(server);
		return;
	}
	buf_init(&body, 0);
	buf_init(&out, 0);
	while (next_message(server, "QPBDECHSFXdcfp", &type, &body))
		if (answering)
			answer(&out, type, buf_span(&body));
	say(server, buf_span(&out));
	buf_done(&out);
	buf_done(&body);
}

static void check_client(struct run *run)
{
	char type;
	struct buf body;
	receive(&run->client);
	if (!run->client.framed) {
		buf_clear(&run->client.in);
		return;
	}
	buf_init(&body, 0);
	while (next_message(&run->client, "RSKZEN123CDGHITVWAcdnstv", &type, &body)) {
		FUZZ_CHECK(type != 'Z' || (buf_held(&body) == 1 && strchr("ITE", buf_head(&body)[0])));
		run->client.ready |= type == 'Z';
	}
	buf_done(&body);
}
