/* What the parse*.c share: the server's node types, and the maker of trees. */
#pragma once

#include "postgres.h"
#include "nodes/nodes.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "nodes/pg_list.h"

#include "route/tree.h"

/* Makes trees in the arena. Fails sticky: once `too_deep`, nodes are left out. */
struct maker {
	struct arena *arena;
	size_t depth, max_depth;
	bool too_deep;
};

/* parse_tree.c. NULL for a NULL node. */
struct tree *make_node(struct maker *maker, const void *node);
struct tree *make_relation(struct maker *maker, const RangeVar *range);
const char *make_text(struct maker *maker, const char *text); /* a copy; NULL stays NULL */
struct tree *make_name_list(struct maker *maker, enum tree_clause clause, const List *names);
void tree_append(struct tree *parent, struct tree *child); /* NULL child is fine; a child may bring siblings */

/* parse_command.c: fills class, effects and the rest of a statement that is not
 * SELECT, INSERT, UPDATE, DELETE or MERGE. */
void make_command(struct maker *maker, const Node *node, struct statement *statement);
/* parse.c: for a query (a command or an optimizable statement inside another). */
bool is_query(const Node *node);
