/* THE counter table: what SHOW STATS and the metrics count. One row a counter:
 *
 *    X(symbol, name, average, total, per, help)
 *
 * name     after "total_" in SHOW STATS and SHOW TOTALS
 * average  after "avg_"
 * total    the column of SHOW STATS_TOTALS
 * per      PERIOD = the average is per second; otherwise the counter that it is divided by
 *          (the mean time of a transaction)
 *
 * The first twelve are PgBouncer's columns in their order; those of pgshunt follow.
 * Counts by reason are elsewhere (route/reason.h).
 *
 * A set of counters is written by one loop only and read by all: relaxed atomics, no
 * locked instruction. Readers sum the sets of all loops; a sum is not a snapshot of
 * one moment, and never goes backwards. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* clang-format off */
#define COUNTER_ROWS(X) PGBOUNCER_COUNTER_ROWS(X) OWN_COUNTER_ROWS(X)
#define PGBOUNCER_COUNTER_ROWS(X)                                                                                     \
	X(SERVER_ASSIGNMENT, "server_assignment_count", "server_assignment_count", "server_assignment_count", PERIOD, \
	  "Times that a server was given to a client.")                                                               \
	X(XACT, "xact_count", "xact_count", "xact_count", PERIOD,                                                     \
	  "Transactions ended.")                                                                                      \
	X(QUERY, "query_count", "query_count", "query_count", PERIOD,                                                 \
	  "Queries ended.")                                                                                           \
	X(RECEIVED_BYTES, "received", "recv", "bytes_received", PERIOD,                                               \
	  "Bytes received from clients.")                                                                             \
	X(SENT_BYTES, "sent", "sent", "bytes_sent", PERIOD,                                                           \
	  "Bytes sent to clients.")                                                                                   \
	X(XACT_TIME, "xact_time", "xact_time", "xact_time", XACT,                                                     \
	  "Microseconds that clients were in transactions with a server.")                                            \
	X(QUERY_TIME, "query_time", "query_time", "query_time", QUERY,                                                \
	  "Microseconds that servers were at work for clients.")                                                      \
	X(WAIT_TIME, "wait_time", "wait_time", "wait_time", PERIOD,                                                   \
	  "Microseconds that clients waited for a server.")                                                           \
	X(CLIENT_PARSE, "client_parse_count", "client_parse_count", "client_parse_count", PERIOD,                     \
	  "Parse messages of clients.")                                                                               \
	X(SERVER_PARSE, "server_parse_count", "server_parse_count", "server_parse_count", PERIOD,                     \
	  "Parse messages sent to servers.")                                                                          \
	X(BIND, "bind_count", "bind_count", "bind_count", PERIOD,                                                     \
	  "Bind messages sent to servers.")                                                                           \
	X(CLIENT_LOGIN, "client_login_count", "client_login_count", "client_login_count", PERIOD,                     \
	  "Logins of clients.")
#define OWN_COUNTER_ROWS(X)                                                                                           \
	X(ROUTED, "routed_count", "routed_count", "routed_count", PERIOD,                                             \
	  "Statements sent straight to a worker.")                                                                    \
	X(COORDINATOR, "coordinator_count", "coordinator_count", "coordinator_count", PERIOD,                         \
	  "Statements sent to the coordinator.")                                                                      \
	X(ANSWERED, "answered_count", "answered_count", "answered_count", PERIOD,                                     \
	  "Statements answered here, without a server.")                                                              \
	X(RETRIED, "retried_count", "retried_count", "retried_count", PERIOD,                                         \
	  "Statements sent to the coordinator after a node refused them unseen.")                                     \
	X(PINNED, "pinned_count", "pinned_count", "pinned_count", PERIOD,                                             \
	  "Clients that had to keep their server.")                                                                   \
	X(CANCEL, "cancel_count", "cancel_count", "cancel_count", PERIOD,                                             \
	  "Cancel requests passed on.")                                                                               \
	X(CLIENT_ERROR, "client_error_count", "client_error_count", "client_error_count", PERIOD,                     \
	  "Errors given to clients by pgshunt itself.")
/* clang-format on */

enum counter {
#define COUNTER_SYMBOL(symbol, name, average, total, per, help) COUNTER_##symbol,
	COUNTER_ROWS(COUNTER_SYMBOL)
#undef COUNTER_SYMBOL
		COUNTER_COUNT,
	COUNTER_PERIOD = -1 /* no counter: in `per` */
};
enum { COUNTER_PGBOUNCER_COUNT = COUNTER_CLIENT_LOGIN + 1 }; /* the columns of PgBouncer's SHOW STATS */

struct counter_row {
	const char *name, *average, *total, *help;
	enum counter per;
};
extern const struct counter_row counter_rows[COUNTER_COUNT];

/* Zeroed is a good start. */
struct counters {
	_Atomic uint64_t values[COUNTER_COUNT];
};

/* Only from the loop that owns the set. */
static inline void counters_add(struct counters *counters, enum counter counter, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
	atomic_store_explicit(&counters->values[counter], value + amount, memory_order_relaxed);
}

/* From any thread. */
static inline uint64_t counters_get(const struct counters *counters, enum counter counter)
{
	return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

/* Adds each value of `from` to `sum`; `sum` is the caller's own. */
void counters_sum(struct counters *sum, const struct counters *from);

/* The average of one counter between two sums taken `period_us` apart: per second, or per event
 * where the row says so. 0 where nothing happened, or where a sum is smaller than before. */
uint64_t counters_average(enum counter counter, const struct counters *before, const struct counters *now,
			  int64_t period_us);
