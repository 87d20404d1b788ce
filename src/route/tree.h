/* The tree: what a text says, in the router's own few kinds of node. parse.c makes it
 * from PostgreSQL's raw parse tree, so that nothing else has to know the server's headers.
 *
 * A node has children, in the order in which they stand in the text. What a walk
 * over everything needs to see (calls, operators, casts, relations, parameters,
 * subqueries) is always there, at whatever depth; of what else a node says, only
 * as much is kept as the analyser reads. A kind of node that is not known becomes
 * TREE_OTHER (children seen) or TREE_OPAQUE (not seen): never nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "route/arena.h"
#include "route/part.h"

enum tree_kind {
	/* expressions */
	TREE_COLUMN, /* names; mark: COLUMN_STAR */
	TREE_LITERAL, /* location: its first token (a minus, or the literal) */
	TREE_NULL,
	TREE_TRUE,
	TREE_FALSE,
	TREE_PARAM, /* mark: its number */
	TREE_CAST, /* names of the type; mark: CAST_…; child: what is cast */
	TREE_OPERATOR, /* names; two children, or one behind a prefix operator */
	TREE_OPERATOR_USED, /* names of an operator that the syntax implies (IN, BETWEEN, CASE x WHEN, …); no children */
	TREE_AND,
	TREE_OR,
	TREE_NOT,
	TREE_CALL, /* names; children: arguments, then what FILTER, ORDER BY and OVER hold */
	TREE_COLLATE, /* names of the collation; child */
	TREE_DEFAULT, /* the keyword DEFAULT as a value */
	TREE_EXPRESSION, /* any other expression that is no more than its children */
	TREE_SUBQUERY, /* a subquery in an expression or in FROM; child: the query */
	TREE_OTHER, /* not analysed; children are there */
	TREE_OPAQUE, /* not analysed, and its inside is not seen */
	/* FROM */
	TREE_RELATION, /* names; text: alias or NULL; mark: RELATION_… */
	TREE_JOIN, /* mark: enum join_kind and JOIN_…; children: left, right, CLAUSE_ON or CLAUSE_USING */
	/* parts of statements */
	TREE_TARGET, /* text: label, or the column assigned to; child: the value; mark: TARGET_… */
	TREE_NAME, /* text: a name in a list of names */
	TREE_LIST, /* a row of VALUES, a list */
	TREE_CLAUSE, /* mark: enum tree_clause */
	/* statements; children: clauses. The relation written to is the child of CLAUSE_INTO */
	TREE_SELECT, /* mark: SELECT_… */
	TREE_INSERT, /* mark: INSERT_… */
	TREE_UPDATE,
	TREE_DELETE,
	TREE_MERGE,
};

enum tree_clause {
	CLAUSE_WITH,
	CLAUSE_INTO,
	CLAUSE_TARGETS,
	CLAUSE_DISTINCT,
	CLAUSE_FROM,
	CLAUSE_WHERE,
	CLAUSE_GROUP,
	CLAUSE_HAVING,
	CLAUSE_WINDOW,
	CLAUSE_VALUES,
	CLAUSE_ORDER,
	CLAUSE_LIMIT,
	CLAUSE_LOCKING,
	CLAUSE_COLUMNS, /* INSERT: the target columns */
	CLAUSE_SOURCE, /* INSERT: the query */
	CLAUSE_SET,
	CLAUSE_CONFLICT,
	CLAUSE_RETURNING,
	CLAUSE_ON,
	CLAUSE_USING,
	CLAUSE_ARMS, /* UNION, INTERSECT, EXCEPT: the two queries */
};

enum join_kind { JOIN_KIND_INNER, JOIN_KIND_LEFT, JOIN_KIND_RIGHT, JOIN_KIND_FULL, JOIN_KIND_MASK = 7 };

enum tree_mark {
	COLUMN_STAR = 1 << 0, /* ends in * */
	CAST_TYPMODS = 1 << 0, /* has a length or precision */
	CAST_ARRAY = 1 << 1,
	CAST_ODD = 1 << 2, /* SETOF, %TYPE */
	RELATION_COLUMN_ALIASES = 1 << 0,
	RELATION_DATABASE = 1 << 1, /* qualified with a database */
	RELATION_TEMPORARY = 1 << 2, /* made as TEMP */
	JOIN_NATURAL = 1 << 3,
	JOIN_ALIAS = 1 << 4,
	TARGET_PART = 1 << 0, /* assigns to a field or element of the column */
	SELECT_INTO = 1 << 0,
	SELECT_SET_OPERATION = 1 << 1,
	INSERT_OVERRIDES = 1 << 0, /* OVERRIDING USER VALUE */
};

struct tree {
	enum tree_kind kind;
	int mark;
	int location; /* byte offset in the text, -1 if it has none */
	const char *const *names; /* ends with NULL; folded and unquoted as the server would */
	const char *text;
	struct tree *first, *next; /* first child, next sibling */
	struct tree *last; /* last child: for appending */
};

/* When the query inside a command runs. */
enum query_use {
	QUERY_NONE,
	QUERY_RUNS, /* with this part */
	QUERY_PLANNED, /* EXPLAIN: planned only */
};

/* One statement of a text. */
struct statement {
	enum part_class cls;
	unsigned effects; /* of the command itself, without the query's */
	enum pin pin;
	const char *tag, *name;
	bool chain, read_only, has_options;
	struct part_setting *settings;
	size_t setting_count;
	bool has_literals; /* says something that depends on its literals: not to be cached */
	bool body; /* PREPARE, EXECUTE: their body is to be found in the text */
	bool creates; /* makes an object in the first schema of search_path */
	enum query_use query_use;
	struct tree *query; /* PART_ROWS, and what other commands have inside */
	struct tree *written; /* COPY … FROM: the relation, with CLAUSE_COLUMNS behind it */
	size_t start, end; /* its bytes in the text */
};

/* The child that is this clause; NULL if there is none. */
const struct tree *tree_clause(const struct tree *statement, enum tree_clause clause);
/* The last of the names: the object's own. The schema; NULL if not qualified. */
const char *tree_own_name(const struct tree *node);
const char *tree_schema(const struct tree *node);
size_t tree_name_count(const struct tree *node);
size_t tree_child_count(const struct tree *node);
/* True if the node is of that kind, or has one anywhere below it. */
bool tree_has(const struct tree *node, enum tree_kind kind);
