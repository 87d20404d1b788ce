/* libpq, driven by a poller and a timer. */
#include "cluster/conn.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/poller.h"

enum state { CLOSED, RESOLVING, CONNECTING, IDLE, RUNNING, FAILING };

struct conn {
	struct loop *loop;
	struct dns *dns;
	conn_on_event *on_event;
	void *owner;
	enum state state;
	struct account *account; /* NULL if nothing was taken from it */
	struct poller *poller;
	struct timer *timer;
	uint64_t lookup; /* the token of the last one */
	PGconn *pq;
	char *host, *dbname, *user, *password, *sslmode; /* while resolving */
	int port;

	const struct statement *statements; /* while running */
	unsigned count, at;
	PGresult **results;
	PGresult *result;
	int64_t timeout_us;
	bool answered; /* since conn_open, by the server */
	char sqlstate[6];
	char why[512];
};

static void on_addresses(void *owner, uint64_t token, const struct address *addresses, unsigned count, const char *why);
static void connect_to(struct conn *conn, const char *hosts, const char *addresses);
static void on_ready(void *owner);
static void on_timer(void *arg);
static void go_on_connecting(struct conn *conn);
static void send_statement(struct conn *conn);
static void go_on_sending(struct conn *conn);
static void go_on_reading(struct conn *conn);
static bool keep_result(struct conn *conn);
static void fail(struct conn *conn, const char *why);
static void fail_later(struct conn *conn, const char *why);
static const char *first_line(char *text);
static void forget_login(struct conn *conn);

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

struct conn *conn_new(struct loop *loop, struct dns *dns, conn_on_event *on_event, void *owner)
{
	struct conn *conn = MEM_NEW(struct conn);
	*conn = (struct conn){ .loop = loop, .dns = dns, .on_event = on_event, .owner = owner };
	conn->poller = poller_new(loop, on_ready, conn);
	conn->timer = timer_new(loop, on_timer, conn);
	return conn;
}

void conn_free(struct conn *conn)
{
	if (conn == NULL)
		return;
	conn_close(conn);
	poller_free(conn->poller);
	timer_free(conn->timer);
	mem_free(conn);
}

void conn_close(struct conn *conn)
{
	timer_stop(conn->timer);
	poller_stop(conn->poller);
	if (conn->state == RESOLVING)
		dns_forget(conn->dns, conn);
	PQclear(conn->result);
	conn->result = NULL;
	if (conn->pq)
		PQfinish(conn->pq);
	conn->pq = NULL;
	forget_login(conn);
	if (conn->account)
		account_give(conn->account);
	conn->account = NULL;
	conn->state = CLOSED;
}

bool conn_is_closed(const struct conn *conn)
{
	return conn->state == CLOSED;
}

bool conn_is_idle(const struct conn *conn)
{
	return conn->state == IDLE;
}

const char *conn_sqlstate(const struct conn *conn)
{
	return conn->sqlstate;
}

bool conn_was_answered(const struct conn *conn)
{
	return conn->answered;
}

/* --- opening --- */

void conn_open(struct conn *conn, struct account *account, const struct conn_login *login, int64_t timeout_us)
{
	timer_start(conn->timer, timeout_us);
	conn->state = RESOLVING;
	conn->answered = false;
	if (!account_try(account, 0)) {
		fail_later(conn, "no connection is left for it under max_node_connections");
		return;
	}
	conn->account = account;
	conn->host = mem_strdup(login->host);
	conn->port = login->port;
	conn->dbname = mem_strdup(login->dbname);
	conn->user = mem_strdup(login->user);
	conn->password = mem_strdup(login->password ? login->password : "");
	conn->sslmode = mem_strdup(login->sslmode);
	if (login->host[0] == '/' || login->host[0] == '@')
		connect_to(conn, login->host, NULL);
	else
		dns_lookup(conn->dns, login->host, on_addresses, conn, ++conn->lookup);
}

/* All addresses of the name are given to libpq, which tries them in turn: a list of
 * addresses wants a list of host names of the same length. */
static void on_addresses(void *owner, uint64_t token, const struct address *addresses, unsigned count, const char *why)
{
	struct conn *conn = owner;
	if (conn->state != RESOLVING || token != conn->lookup)
		return;
	if (count == 0) {
		char text[256];
		snprintf(text, sizeof text, "cannot look up \"%.100s\": %s", conn->host, why);
		fail_later(conn, text);
		return;
	}
	struct buf hosts, numbers;
	char text[ADDRESS_TEXT_BYTES];
	buf_init(&hosts, 0);
	buf_init(&numbers, 0);
	for (unsigned i = 0; i < count; i++) {
		buf_add_printf(&hosts, "%s%s", i ? "," : "", conn->host);
		buf_add_printf(&numbers, "%s%s", i ? "," : "", address_host(&addresses[i], text));
	}
	buf_add_u8(&hosts, 0);
	buf_add_u8(&numbers, 0);
	connect_to(conn, buf_head(&hosts), buf_head(&numbers));
	buf_done(&hosts);
	buf_done(&numbers);
}

/* Whatever libpq would otherwise take from the environment and would change what is read is given here. */
static void connect_to(struct conn *conn, const char *hosts, const char *addresses)
{
	char port[16];
	snprintf(port, sizeof port, "%d", conn->port);
	const char *const words[] = { "host",
				      "hostaddr",
				      "port",
				      "dbname",
				      "user",
				      "password",
				      "sslmode",
				      "gssencmode",
				      "client_encoding",
				      "application_name",
				      "options",
				      "target_session_attrs",
				      NULL };
	const char *const values[] = { hosts,         addresses ? addresses : "",
				       port,          conn->dbname,
				       conn->user,    conn->password,
				       conn->sslmode, "disable",
				       "UTF8",        "pgshunt",
				       " ",           "any",
				       NULL };
	conn->pq = PQconnectStartParams(words, values, 0);
	forget_login(conn);
	conn->state = CONNECTING;
	if (conn->pq == NULL || PQstatus(conn->pq) == CONNECTION_BAD) {
		fail_later(conn, conn->pq ? PQerrorMessage(conn->pq) : "out of memory");
		return;
	}
	PQsetNoticeReceiver(conn->pq, ignore_notice, NULL);
	poller_want(conn->poller, PQsocket(conn->pq), false, true);
}

static void on_ready(void *owner)
{
	struct conn *conn = owner;
	switch (conn->state) {
	case CONNECTING:
		go_on_connecting(conn);
		break;
	case RUNNING:
		go_on_sending(conn);
		break;
	case IDLE: /* a setting was reported, or the server is going away */
		if (PQconsumeInput(conn->pq))
			poller_want(conn->poller, PQsocket(conn->pq), true, false);
		else
			fail(conn, PQerrorMessage(conn->pq));
		break;
	case CLOSED:
	case RESOLVING:
	case FAILING:
		break;
	}
}

static void go_on_connecting(struct conn *conn)
{
	PostgresPollingStatusType status = PQconnectPoll(conn->pq);
	/* libpq is past the first answer, or has read an error, which the server alone can give a code to. */
	ConnStatusType step = PQstatus(conn->pq);
	conn->answered |= step == CONNECTION_OK || step == CONNECTION_AUTH_OK || PQserverVersion(conn->pq) != 0 ||
			  strstr(PQerrorMessage(conn->pq), "FATAL:") != NULL;
	switch (status) {
	case PGRES_POLLING_READING:
		poller_want(conn->poller, PQsocket(conn->pq), true, false);
		break;
	case PGRES_POLLING_WRITING:
		poller_want(conn->poller, PQsocket(conn->pq), false, true);
		break;
	case PGRES_POLLING_OK:
		timer_stop(conn->timer);
		PQsetnonblocking(conn->pq, 1);
		conn->state = IDLE;
		poller_want(conn->poller, PQsocket(conn->pq), true, false);
		conn->on_event(conn->owner, CONN_OPENED, NULL);
		break;
	default:
		fail(conn, PQerrorMessage(conn->pq));
	}
}

/* --- running --- */

void conn_run(struct conn *conn, const struct statement *statements, unsigned count, PGresult **results,
	      int64_t timeout_us)
{
	memset(results, 0, count * sizeof *results);
	conn->statements = statements;
	conn->count = count;
	conn->at = 0;
	conn->results = results;
	conn->timeout_us = timeout_us;
	conn->sqlstate[0] = '\0';
	conn->state = RUNNING;
	send_statement(conn);
}

static void send_statement(struct conn *conn)
{
	const struct statement *statement = &conn->statements[conn->at];
	timer_start(conn->timer, conn->timeout_us);
	if (!PQsendQueryParams(conn->pq, statement->sql, statement->param_count, NULL, statement->params, NULL, NULL,
			       0))
		fail_later(conn, PQerrorMessage(conn->pq));
	else
		go_on_sending(conn);
}

/* To be called whenever the socket may be read or written while a statement is under way. May be called from
 * conn_run, so it must not tell the owner anything itself before the socket was waited for. */
static void go_on_sending(struct conn *conn)
{
	int unsent = PQflush(conn->pq);
	if (unsent < 0)
		fail_later(conn, PQerrorMessage(conn->pq));
	else if (!PQconsumeInput(conn->pq))
		fail_later(conn, PQerrorMessage(conn->pq));
	else if (unsent == 0 && !PQisBusy(conn->pq))
		go_on_reading(conn);
	else
		poller_want(conn->poller, PQsocket(conn->pq), true, unsent > 0);
}

static void go_on_reading(struct conn *conn)
{
	while (!PQisBusy(conn->pq)) {
		PGresult *result = PQgetResult(conn->pq);
		if (result) {
			PQclear(conn->result);
			conn->result = result;
			continue;
		}
		if (!keep_result(conn))
			return;
		if (++conn->at < conn->count) {
			send_statement(conn);
			return;
		}
		/* Told by the timer, since the caller may be within conn_run. */
		timer_start(conn->timer, 0);
		return;
	}
	poller_want(conn->poller, PQsocket(conn->pq), true, false);
}

/* The last result of the statement; false if it was an error, which is told by the timer. */
static bool keep_result(struct conn *conn)
{
	PGresult *result = conn->result;
	conn->result = NULL;
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		conn->results[conn->at] = result;
		return true;
	}
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	snprintf(conn->sqlstate, sizeof conn->sqlstate, "%s", sqlstate ? sqlstate : "");
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	snprintf(conn->why, sizeof conn->why, "%s", primary ? primary : PQresultErrorMessage(result));
	PQclear(result);
	if (PQstatus(conn->pq) != CONNECTION_OK) {
		fail_later(conn, conn->why);
		return false;
	}
	if (conn->sqlstate[0] == '\0')
		snprintf(conn->sqlstate, sizeof conn->sqlstate, "XX000");
	timer_start(conn->timer, 0);
	return false;
}

/* Time is up, or something is to be told that could not be told at once. */
static void on_timer(void *arg)
{
	struct conn *conn = arg;
	switch (conn->state) {
	case FAILING:
		fail(conn, conn->why);
		break;
	case RESOLVING:
	case CONNECTING:
		fail(conn, "the server did not answer the login in time");
		break;
	case RUNNING:
		if (conn->at < conn->count && conn->sqlstate[0] == '\0') {
			fail(conn, "the server did not answer in time");
			break;
		}
		conn->state = IDLE;
		poller_want(conn->poller, PQsocket(conn->pq), true, false);
		if (conn->at == conn->count)
			conn->on_event(conn->owner, CONN_DONE, NULL);
		else
			conn->on_event(conn->owner, CONN_FAILED, conn->why);
		break;
	case CLOSED:
	case IDLE:
		break;
	}
}

static void fail_later(struct conn *conn, const char *why)
{
	if (why != conn->why)
		snprintf(conn->why, sizeof conn->why, "%s", why);
	if (conn->state == RESOLVING)
		dns_forget(conn->dns, conn);
	poller_stop(conn->poller);
	conn->state = FAILING;
	timer_start(conn->timer, 0);
}

static void fail(struct conn *conn, const char *why)
{
	char text[sizeof conn->why];
	snprintf(text, sizeof text, "%s", why);
	conn_close(conn);
	conn->on_event(conn->owner, CONN_LOST, first_line(text));
}

/* libpq's messages have several lines, of which the first says it; the others guess at causes. */
static const char *first_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void forget_login(struct conn *conn)
{
	mem_free_secret(conn->password);
	mem_free(conn->host);
	mem_free(conn->dbname);
	mem_free(conn->user);
	mem_free(conn->sslmode);
	conn->host = conn->dbname = conn->user = conn->password = conn->sslmode = NULL;
}
