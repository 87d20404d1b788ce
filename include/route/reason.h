/* Why a statement went where it went: one row a reason, with its code and what a
 * user can change. Console, metrics and doc/routing.md read this table. */
#pragma once

/*      symbol             code               what it means; what to change */
#define REASON_ROWS(X)                                                                                                 \
	X(KEY, "key", "all rows live on one node", "")                                                                 \
	X(IN_TRANSACTION, "in_transaction", "follows the transaction it is in", "")                                    \
	X(ROUTE_OFF, "route_off", "routing is switched off for this database", "set route = on")                       \
	X(SESSION_MODE, "session_mode", "the pool is in session mode", "use pool_mode = transaction")                  \
	X(NO_MAP, "no_map", "there is no shard map yet, or none can be read", "see SHOW MAP")                          \
	X(MAP_STALE, "map_stale", "a command that may change names or placements has just run",                        \
	  "wait for the next map, within map_refresh")                                                                 \
	X(NOT_A_CLUSTER, "not_a_cluster", "the database has no workers", "")                                           \
	X(TRANSACTION_BLOCK, "transaction_block", "a block that arrives statement by statement is not routed",         \
	  "set route_transactions = all if every block stays on one key, or send the block as a pipeline")             \
	X(MULTI_NODE, "multi_node", "its rows live on several nodes", "tie every table to one key")                    \
	X(NO_KEY, "no_key", "a distributed table is not tied to a key by key = value",                                 \
	  "add the distribution column with = and a constant or parameter to WHERE")                                   \
	X(NO_TABLE, "no_table", "reads no distributed table", "")                                                      \
	X(REFERENCE_TABLE, "reference_table", "reads or writes reference tables only", "")                             \
	X(LOCAL_TABLE, "local_table", "a relation that only the coordinator has",                                      \
	  "distribute the table, or make it a reference table")                                                        \
	X(TABLE_KIND, "table_kind", "a kind of distributed table that is not routed yet", "")                          \
	X(TABLE_DIFFERS, "table_differs", "the node has something else under that name, or its map failed its test",   \
	  "see SHOW TABLES")                                                                                           \
	X(NAME_UNKNOWN, "name_unknown",                                                                                \
	  "a name that the coordinator does not have, or that could mean several things",                              \
	  "qualify the name with its schema")                                                                          \
	X(SEARCH_PATH, "search_path", "the session's search_path is not known",                                        \
	  "set search_path with plain schema names")                                                                   \
	X(VIEW, "view", "a view, which is not looked into", "name the tables themselves")                              \
	X(UTILITY, "utility", "a utility command", "")                                                                 \
	X(DDL, "ddl", "changes the schema or the cluster", "")                                                         \
	X(FUNCTION, "function", "a function or operator that is not known to be independent of the node",              \
	  "if it is, name it in route_functions")                                                                      \
	X(TYPE, "type", "a type that is not PostgreSQL's own, or whose values differ by node", "")                     \
	X(KEY_VALUE, "key_value", "a key value whose hash is not certain",                                             \
	  "write the key as a plain constant or parameter of the column's own type")                                   \
	X(KEY_NULL, "key_null", "the key is NULL", "")                                                                 \
	X(KEY_ASSIGNED, "key_assigned", "assigns to a key column", "delete and insert instead")                        \
	X(DEFAULT, "default", "leaves a column to a default that may differ by node", "give the column a value")       \
	X(SEQUENCE, "sequence", "leaves a column to a sequence", "give the column a value, or see route_sequences")    \
	X(SHAPE, "shape", "a shape of statement that is not analysed yet",                                             \
	  "see doc/routing.md for the shapes that are")                                                                \
	X(SYNTAX, "syntax", "not understood by the parser of PostgreSQL 15", "")                                       \
	X(TOO_LARGE, "too_large", "too long or too deep to analyse, or more than retry_buffer",                        \
	  "send large values as parameters, or raise retry_buffer")                                                    \
	X(ENCODING, "encoding", "client_encoding or standard_conforming_strings forbid reading the text",              \
	  "use client_encoding = UTF8 and standard_conforming_strings = on")                                           \
	X(INCOMPLETE, "incomplete", "not wholly here when it had to go", "send Bind and Execute before Flush")         \
	X(NODE_DOWN, "node_down", "the node that has the rows is down", "see SHOW NODES")                              \
	X(NODE_REFUSED, "node_refused", "the node is not active, not synced, or not the same", "see SHOW NODES")       \
	X(RETRIED, "retried", "the node answered that the map is stale; asked the coordinator", "")                    \
	X(PINNED, "pinned", "the client keeps its server", "see the reason in SHOW CLIENTS")

enum reason {
#define REASON_SYMBOL(symbol, code, means, change) REASON_##symbol,
	REASON_ROWS(REASON_SYMBOL)
#undef REASON_SYMBOL
		REASON_COUNT
};

const char *reason_code(enum reason reason);
const char *reason_meaning(enum reason reason);
const char *reason_change(enum reason reason); /* "" if there is nothing to change */
