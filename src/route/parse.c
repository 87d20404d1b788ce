/* Text to statements: the call of libpg_query, and one statement after the other. */
#include "route/parse_nodes.h"

#include "route/parse.h"

#include "pg_query.h"
#include "pg_query/pg_query_internal.h"

static void make_statement(struct maker *maker, const RawStmt *raw, size_t text_len, struct statement *statement);

void parse_text(struct arena *arena, const char *text, size_t max_depth, struct parsed *parsed)
{
	*parsed = (struct parsed){ 0 };
	MemoryContext context = pg_query_enter_memory_context();
	PgQueryInternalParsetreeAndError raw = pg_query_raw_parse(text);
	struct maker maker = { .arena = arena, .max_depth = max_depth };
	if (raw.error != NULL) {
		parsed->reason = REASON_SYNTAX;
		pg_query_free_error(raw.error);
	} else {
		size_t text_len = strlen(text), count = 0;
		parsed->statements = ARENA_ARRAY(arena, list_length(raw.tree), struct statement);
		const ListCell *cell;
		foreach(cell, raw.tree) make_statement(&maker, lfirst(cell), text_len, &parsed->statements[count++]);
		parsed->ok = !maker.too_deep;
		parsed->count = parsed->ok ? count : 0;
		parsed->reason = parsed->ok ? REASON_KEY : REASON_TOO_LARGE;
	}
	free(raw.stderr_buffer);
	pg_query_exit_memory_context(context);
}

bool is_query(const Node *node)
{
	return IsA(node, SelectStmt) || IsA(node, InsertStmt) || IsA(node, UpdateStmt) || IsA(node, DeleteStmt) ||
	       IsA(node, MergeStmt);
}

/* SELECT INTO makes a table; it hangs on the leftmost arm of a UNION. */
static const IntoClause *into_of(const SelectStmt *select)
{
	while (select->op != SETOP_NONE)
		select = select->larg;
	return select->intoClause;
}

static void fill_rows(struct maker *maker, const Node *node, struct statement *statement)
{
	statement->cls = PART_ROWS;
	statement->query_use = QUERY_RUNS;
	statement->query = make_node(maker, node);
	const IntoClause *into = IsA(node, SelectStmt) ? into_of((const SelectStmt *)node) : NULL;
	if (into == NULL)
		return;
	statement->cls = PART_DDL;
	statement->tag = "SELECT INTO";
	statement->effects = EFFECT_WRITES | EFFECT_LOCKS | EFFECT_NAMES;
	statement->creates = into->rel->schemaname == NULL;
	if (into->rel->relpersistence == 't' ||
	    (into->rel->schemaname != NULL && strncmp(into->rel->schemaname, "pg_temp", 7) == 0)) {
		statement->effects &= ~(unsigned)EFFECT_NAMES;
		statement->pin = PIN_TEMP_TABLE;
		statement->creates = false;
	}
}

/* A RawStmt begins behind the previous semicolon, blanks and comments included. */
static void make_statement(struct maker *maker, const RawStmt *raw, size_t text_len, struct statement *statement)
{
	statement->start = raw->stmt_location > 0 ? (size_t)raw->stmt_location : 0;
	statement->end = raw->stmt_len > 0 ? statement->start + (size_t)raw->stmt_len : text_len;
	if (is_query(raw->stmt))
		fill_rows(maker, raw->stmt, statement);
	else
		make_command(maker, raw->stmt, statement);
}
