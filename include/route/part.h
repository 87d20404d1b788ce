/* What a text was read as: statements ("parts") with what they leave behind, the
 * environment that their names depend on, and where they go. Plain data between the
 * router and its callers; how they are made: route/router.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "route/key.h"
#include "route/map.h"
#include "route/reason.h"

enum part_class {
	PART_ROWS, /* SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE: has a recipe */
	PART_COPY_OUT, /* COPY … TO STDOUT */
	PART_COPY_IN, /* COPY … FROM STDIN */
	PART_BEGIN, /* BEGIN, START TRANSACTION, with any options */
	PART_COMMIT, /* COMMIT, END; see `chain` */
	PART_ROLLBACK, /* ROLLBACK, ABORT; see `chain` */
	PART_SAVEPOINT,
	PART_RELEASE,
	PART_ROLLBACK_TO, /* `name` */
	PART_PREPARE_TRANSACTION,
	PART_COMMIT_PREPARED, /* and ROLLBACK PREPARED */
	PART_SET_TRANSACTION, /* SET TRANSACTION …; not SET SESSION CHARACTERISTICS, which is PART_SET of several names */
	PART_SET, /* SET [LOCAL] name = value, SET ROLE, SET SESSION AUTHORIZATION, SET TIME ZONE, RESET name, RESET ALL */
	PART_SHOW,
	PART_DISCARD, /* `name`: "all", "plans", "sequences", "temp" */
	PART_PREPARE,
	PART_EXECUTE,
	PART_DEALLOCATE, /* `name`; DEALLOCATE ALL has name NULL */
	PART_CURSOR, /* DECLARE, FETCH, MOVE, CLOSE */
	PART_LISTEN,
	PART_UNLISTEN,
	PART_NOTIFY,
	PART_EXPLAIN,
	PART_DDL, /* anything that may change names or placements, CALL and DO included */
	PART_UTILITY, /* every other command: VACUUM, LOCK, CHECKPOINT, … */
};

/* What a part may leave behind or depend on, beyond its rows. */
enum effect {
	EFFECT_WRITES = 1 << 0, /* may change rows (also a SELECT that calls a function not on the allowed list) */
	EFFECT_LOCKS = 1 << 1, /* FOR UPDATE/SHARE, LOCK */
	EFFECT_NAMES = 1 << 2, /* may change what names mean or where shards are: DDL (not on temporary objects), GRANT,
	                                  REVOKE, ALTER ROLE/DATABASE, DO, CALL, Citus management functions (also in SELECT) */
	EFFECT_COMMITS = 1 << 3, /* ends the transaction it is in, or cannot run in one */
	EFFECT_SETTINGS_UNKNOWN =
		1 << 4, /* may change settings in a way not seen here: set_config(), functions not on the list */
	EFFECT_SEQUENCE = 1 << 5, /* nextval may run: explicit, or by default */
	EFFECT_USER_CODE = 1 << 6, /* calls functions or operators that are not PostgreSQL's own */
};

/* Why a client must keep its server after this part; PIN_NONE = need not. */
enum pin {
	PIN_NONE,
	PIN_TEMP_TABLE, /* CREATE TEMP …, SELECT INTO TEMP, names in pg_temp */
	PIN_LISTEN,
	PIN_ADVISORY_LOCK, /* pg_advisory_lock…(), pg_try_advisory_lock…(): the session forms */
	PIN_HOLD_CURSOR, /* DECLARE … WITH HOLD */
	PIN_LOAD,
	PIN_SET_CONFIG, /* set_config(…) with anything but a literal true for is_local */
	PIN_CURRVAL, /* currval(), lastval(), setseed() */
	PIN_UNREAD, /* text that could not be analysed */
	PIN_COUNT
};
const char *pin_text(enum pin pin); /* "temporary table", …; NULL for PIN_NONE */

/* One assignment of a PART_SET. */
struct part_setting {
	const char *name; /* lower case; "all" with reset = RESET ALL */
	const char
		*value; /* as set_config() takes it: lists joined as PostgreSQL stores them; NULL = DEFAULT or RESET */
	bool local;
	bool known; /* false: a value that only the server can make (SET TIME ZONE INTERVAL …) */
};

struct recipe; /* opaque: what the decision needs */

struct part {
	enum part_class cls;
	unsigned effects; /* enum effect */
	enum pin pin;
	const char *
		tag; /* command tag where pgshunt itself may have to answer: "BEGIN", "START TRANSACTION", "SET", … else NULL */
	const char *name; /* savepoint, prepared statement, cursor, channel, DISCARD target; else NULL */
	bool chain; /* COMMIT/ROLLBACK AND CHAIN */
	bool read_only, has_options; /* PART_BEGIN / PART_SET_TRANSACTION: READ ONLY given; any option given */
	const struct part_setting *settings; /* PART_SET */
	size_t setting_count;
	struct span
		body; /* PART_PREPARE: the statement's text inside the script's; PART_EXECUTE: its arguments' text */
	const struct recipe *recipe; /* PART_ROWS, PART_COPY_OUT (query); else NULL */
};

struct script {
	struct part *parts;
	size_t part_count;
	uint64_t template_id; /* for SHOW ROUTES; equal templates have equal ids */
	bool understood; /* false: not parsed (syntax of a newer server, too large, …): one part, PART_UTILITY with PIN_UNREAD */
	enum reason reason; /* if not understood: why */
};

/* What a text means depends on these. Strings are borrowed for the call. */
struct route_env {
	struct map *map; /* NULL: none; everything gets REASON_NO_MAP */
	struct span role; /* current_user, for "$user" */
	const char *search_path; /* effective, as SHOW prints it; NULL = not known */
	bool text_is_safe; /* standard_conforming_strings on, client_encoding UTF8/SQL_ASCII/LATINn/… ,
	                            transform_null_equals off */
	bool encoding_matches; /* client_encoding = server encoding: non-ASCII keys can be hashed */
};

struct route_options {
	struct span route_functions; /* comma list of functions to trust, schema.name or name */
	size_t max_text_bytes; /* longer texts are not analysed */
	size_t max_depth; /* nesting of parentheses, CASE and the like before the parser sees it */
	size_t cache_bytes; /* bound on the template cache */
};

/* A parameter of a Bind message. */
struct route_param {
	struct span bytes;
	bool null, binary;
};

enum route_kind {
	ROUTE_COORDINATOR,
	ROUTE_NODE, /* node is the index in the map */
	ROUTE_ANYWHERE /* the same on every node: sent to the coordinator alone, but may stay in a routed transaction */
};

struct route_decision {
	enum route_kind kind;
	int node; /* ROUTE_NODE */
	enum reason reason;
	const struct map_shard *shard; /* ROUTE_NODE: the first table's; lives as long as the map */
};

/* Templates seen, most used first: for SHOW ROUTES. */
struct route_template_stats {
	uint64_t template_id;
	const char *text;
	uint64_t calls, routed;
	enum reason reason; /* of the last decision */
	int node; /* of the last decision, -1 = coordinator */
};
