/* Commands other than SELECT, INSERT, UPDATE, DELETE and MERGE: what they are, what they
 * leave behind, and the values of SET. One row a node type; what a row cannot say, its
 * function does. A type that has no row is taken for the worst: schema change of unknown effect. */
#include "route/parse_nodes.h"

#include "utils/builtins.h"

#include "base/mem.h"

enum {
	EFFECTS_ANY = EFFECT_WRITES | EFFECT_LOCKS | EFFECT_NAMES | EFFECT_COMMITS | EFFECT_SETTINGS_UNKNOWN |
		      EFFECT_SEQUENCE | EFFECT_USER_CODE,
	EFFECTS_DDL = EFFECT_WRITES | EFFECT_LOCKS | EFFECT_NAMES,
};

typedef void fill_function(struct maker *maker, const void *node, struct statement *statement);

static fill_function fill_transaction, fill_set, fill_show, fill_discard, fill_prepare, fill_execute, fill_deallocate,
	fill_declare, fill_close, fill_fetch, fill_listen, fill_unlisten, fill_notify, fill_explain, fill_copy,
	fill_create, fill_create_as, fill_view, fill_sequence, fill_index, fill_drop, fill_reindex, fill_vacuum,
	fill_alter_table, fill_refresh;

struct command_row {
	NodeTag node;
	enum part_class cls;
	unsigned effects;
	enum pin pin;
	const char *tag;
	fill_function *fill;
};

static const struct command_row command_rows[] = {
	{ T_TransactionStmt, PART_UTILITY, 0, PIN_NONE, NULL, fill_transaction },
	{ T_VariableSetStmt, PART_SET, 0, PIN_NONE, "SET", fill_set },
	{ T_VariableShowStmt, PART_SHOW, 0, PIN_NONE, "SHOW", fill_show },
	{ T_DiscardStmt, PART_DISCARD, 0, PIN_NONE, NULL, fill_discard },
	{ T_PrepareStmt, PART_PREPARE, 0, PIN_NONE, "PREPARE", fill_prepare },
	{ T_ExecuteStmt, PART_EXECUTE, 0, PIN_NONE, NULL, fill_execute },
	{ T_DeallocateStmt, PART_DEALLOCATE, 0, PIN_NONE, "DEALLOCATE", fill_deallocate },
	{ T_DeclareCursorStmt, PART_CURSOR, 0, PIN_NONE, "DECLARE CURSOR", fill_declare },
	{ T_ClosePortalStmt, PART_CURSOR, 0, PIN_NONE, "CLOSE CURSOR", fill_close },
	{ T_FetchStmt, PART_CURSOR, 0, PIN_NONE, NULL, fill_fetch },
	{ T_ListenStmt, PART_LISTEN, 0, PIN_LISTEN, "LISTEN", fill_listen },
	{ T_UnlistenStmt, PART_UNLISTEN, 0, PIN_NONE, "UNLISTEN", fill_unlisten },
	{ T_NotifyStmt, PART_NOTIFY, EFFECT_WRITES, PIN_NONE, "NOTIFY", fill_notify },
	{ T_ExplainStmt, PART_EXPLAIN, 0, PIN_NONE, "EXPLAIN", fill_explain },
	{ T_CopyStmt, PART_UTILITY, 0, PIN_NONE, NULL, fill_copy },
	{ T_LoadStmt, PART_UTILITY, EFFECT_USER_CODE, PIN_LOAD, "LOAD", NULL },
	{ T_LockStmt, PART_UTILITY, EFFECT_LOCKS, PIN_NONE, "LOCK TABLE", NULL },
	{ T_ConstraintsSetStmt, PART_UTILITY, 0, PIN_NONE, "SET CONSTRAINTS", NULL },
	{ T_CheckPointStmt, PART_UTILITY, 0, PIN_NONE, "CHECKPOINT", NULL },
	{ T_VacuumStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_LOCKS, PIN_NONE, NULL, fill_vacuum },
	{ T_ClusterStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_LOCKS | EFFECT_COMMITS, PIN_NONE, "CLUSTER", NULL },
	{ T_ReindexStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_LOCKS, PIN_NONE, "REINDEX", fill_reindex },
	{ T_TruncateStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_LOCKS | EFFECT_SEQUENCE, PIN_NONE, "TRUNCATE TABLE",
	  NULL },
	{ T_RefreshMatViewStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_LOCKS | EFFECT_USER_CODE, PIN_NONE,
	  "REFRESH MATERIALIZED VIEW", fill_refresh },
	{ T_AlterSystemStmt, PART_UTILITY, EFFECT_WRITES | EFFECT_COMMITS, PIN_NONE, "ALTER SYSTEM", NULL },
	{ T_DoStmt, PART_DDL, EFFECTS_ANY, PIN_NONE, "DO", NULL },
	{ T_CallStmt, PART_DDL, EFFECTS_ANY, PIN_NONE, "CALL", NULL },
	{ T_CreateStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, "CREATE TABLE", fill_create },
	{ T_CreateTableAsStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, fill_create_as },
	{ T_ViewStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, "CREATE VIEW", fill_view },
	{ T_CreateSeqStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, "CREATE SEQUENCE", fill_sequence },
	{ T_IndexStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, "CREATE INDEX", fill_index },
	{ T_DropStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, fill_drop },
	{ T_AlterTableStmt, PART_DDL, EFFECTS_DDL | EFFECT_USER_CODE, PIN_NONE, NULL, fill_alter_table },
	{ T_CreatedbStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "CREATE DATABASE", NULL },
	{ T_DropdbStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "DROP DATABASE", NULL },
	{ T_AlterDatabaseStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "ALTER DATABASE", NULL },
	{ T_CreateTableSpaceStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "CREATE TABLESPACE", NULL },
	{ T_DropTableSpaceStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "DROP TABLESPACE", NULL },
	{ T_CreateSubscriptionStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "CREATE SUBSCRIPTION", NULL },
	{ T_AlterSubscriptionStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "ALTER SUBSCRIPTION", NULL },
	{ T_DropSubscriptionStmt, PART_DDL, EFFECTS_DDL | EFFECT_COMMITS, PIN_NONE, "DROP SUBSCRIPTION", NULL },
	{ T_CreateFunctionStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterFunctionStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_GrantStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_GrantRoleStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_CreateRoleStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterRoleStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterRoleSetStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_DropRoleStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterDatabaseSetStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_CreateSchemaStmt, PART_DDL, EFFECTS_DDL | EFFECT_USER_CODE, PIN_NONE, NULL, NULL },
	{ T_RenameStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterObjectSchemaStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_AlterOwnerStmt, PART_DDL, EFFECTS_DDL, PIN_NONE, NULL, NULL },
	{ T_CommentStmt, PART_DDL, EFFECT_WRITES, PIN_NONE, "COMMENT", NULL },
};

static const char *set_value(struct maker *maker, const char *name, const List *args, bool *known);

void make_command(struct maker *maker, const Node *node, struct statement *statement)
{
	static const struct command_row unknown = { .cls = PART_DDL, .effects = EFFECTS_ANY };
	const struct command_row *row = &unknown;
	for (size_t i = 0; i < lengthof(command_rows); i++)
		if (command_rows[i].node == nodeTag(node))
			row = &command_rows[i];
	statement->cls = row->cls;
	statement->effects = row->effects;
	statement->pin = row->pin;
	statement->tag = row->tag;
	statement->has_literals = true;
	if (row->fill != NULL)
		row->fill(maker, node, statement);
}

/* A query inside a command: EXECUTE and other commands are not looked into. */
static void fill_query(struct maker *maker, const Node *query, enum query_use use, struct statement *statement)
{
	if (is_query(query)) {
		statement->query = make_node(maker, query);
		statement->query_use = use;
		return;
	}
	struct statement inner = { 0 };
	if (IsA(query, ExecuteStmt))
		inner.effects = EFFECTS_ANY & ~EFFECT_COMMITS;
	else
		make_command(maker, query, &inner);
	if (use != QUERY_RUNS)
		return;
	statement->effects |= inner.effects;
	statement->pin = statement->pin ? statement->pin : inner.pin;
	statement->query = inner.query;
	statement->query_use = inner.query_use;
}

/* ---- transactions ---- */

static bool list_says_read_only(const List *options)
{
	bool read_only = false;
	const ListCell *cell;
	foreach(cell, options)
	{
		const DefElem *option = lfirst(cell);
		if (strcmp(option->defname, "transaction_read_only") == 0)
			read_only = intVal(&((const A_Const *)option->arg)->val) != 0;
	}
	return read_only;
}

static const struct {
	enum part_class cls;
	unsigned effects;
	const char *tag;
} transaction_rows[] = {
	[TRANS_STMT_BEGIN] = { PART_BEGIN, 0, "BEGIN" },
	[TRANS_STMT_START] = { PART_BEGIN, 0, "START TRANSACTION" },
	[TRANS_STMT_COMMIT] = { PART_COMMIT, EFFECT_COMMITS, "COMMIT" },
	[TRANS_STMT_ROLLBACK] = { PART_ROLLBACK, EFFECT_COMMITS, "ROLLBACK" },
	[TRANS_STMT_SAVEPOINT] = { PART_SAVEPOINT, 0, "SAVEPOINT" },
	[TRANS_STMT_RELEASE] = { PART_RELEASE, 0, "RELEASE" },
	[TRANS_STMT_ROLLBACK_TO] = { PART_ROLLBACK_TO, 0, "ROLLBACK" },
	[TRANS_STMT_PREPARE] = { PART_PREPARE_TRANSACTION, EFFECT_COMMITS, "PREPARE TRANSACTION" },
	[TRANS_STMT_COMMIT_PREPARED] = { PART_COMMIT_PREPARED, EFFECT_COMMITS, "COMMIT PREPARED" },
	[TRANS_STMT_ROLLBACK_PREPARED] = { PART_COMMIT_PREPARED, EFFECT_COMMITS, "ROLLBACK PREPARED" },
};

static void fill_transaction(struct maker *maker, const void *node, struct statement *statement)
{
	const TransactionStmt *transaction = node;
	statement->cls = transaction_rows[transaction->kind].cls;
	statement->effects = transaction_rows[transaction->kind].effects;
	statement->tag = transaction_rows[transaction->kind].tag;
	statement->name =
		make_text(maker, transaction->savepoint_name ? transaction->savepoint_name : transaction->gid);
	statement->chain = transaction->chain;
	statement->has_options = transaction->options != NIL;
	statement->read_only = list_says_read_only(transaction->options);
	statement->has_literals = transaction->gid != NULL;
}

/* ---- SET and its relatives ---- */

static const char *lower_case(struct maker *maker, const char *name)
{
	char *copy = arena_text(maker->arena, span_text(name));
	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static struct part_setting *add_setting(struct maker *maker, struct statement *statement, const char *name)
{
	if (statement->settings == NULL)
		statement->settings = ARENA_ARRAY(maker->arena, 4, struct part_setting);
	struct part_setting *setting = &statement->settings[statement->setting_count++];
	setting->name = name;
	setting->known = true;
	return setting;
}

/* SET SESSION CHARACTERISTICS AS TRANSACTION …: each option is a setting default_…; an
 * option given twice counts last. */
static void fill_characteristics(struct maker *maker, const List *options, struct statement *statement)
{
	const ListCell *cell;
	foreach(cell, options)
	{
		const DefElem *option = lfirst(cell);
		const A_Const *value = (const A_Const *)option->arg;
		size_t size = sizeof "default_" + strlen(option->defname);
		char *name = arena_take(maker->arena, size);
		snprintf(name, size, "default_%s", option->defname);
		struct part_setting *setting = NULL;
		for (size_t i = 0; i < statement->setting_count; i++)
			if (strcmp(statement->settings[i].name, name) == 0)
				setting = &statement->settings[i];
		if (setting == NULL)
			setting = add_setting(maker, statement, name);
		if (IsA(&value->val, Integer))
			setting->value = intVal(&value->val) ? "on" : "off";
		else
			setting->value = make_text(maker, strVal(&value->val));
	}
}

/* SET transaction_isolation = … is SET TRANSACTION in other words. */
static bool is_transaction_setting(const char *name)
{
	return strcmp(name, "transaction_isolation") == 0 || strcmp(name, "transaction_read_only") == 0 ||
	       strcmp(name, "transaction_deferrable") == 0;
}

static void fill_set_transaction(struct statement *statement, bool read_only)
{
	statement->cls = PART_SET_TRANSACTION;
	statement->has_options = true;
	statement->read_only = read_only;
	statement->has_literals = false;
}

/* As parse_bool() reads it, beginnings of words included. */
static bool says_yes(const char *value)
{
	static const char *const words[] = { "t", "tr", "tru", "true", "y", "ye", "yes", "on", "1" };
	for (size_t i = 0; i < lengthof(words); i++)
		if (span_is_nocase(span_text(value), words[i]))
			return true;
	return false;
}

static void fill_set(struct maker *maker, const void *node, struct statement *statement)
{
	const VariableSetStmt *set = node;
	bool reset = set->kind == VAR_RESET || set->kind == VAR_RESET_ALL;
	statement->tag = reset ? "RESET" : "SET";
	if (set->kind == VAR_SET_MULTI && strcmp(set->name, "TRANSACTION") == 0) {
		fill_set_transaction(statement, list_says_read_only(set->args));
		return;
	}
	if (set->kind == VAR_SET_MULTI && strcmp(set->name, "SESSION CHARACTERISTICS") == 0) {
		fill_characteristics(maker, set->args, statement);
		return;
	}
	if (set->kind == VAR_SET_MULTI) { /* TRANSACTION SNAPSHOT: a snapshot belongs to its node */
		statement->cls = PART_UTILITY;
		return;
	}
	const char *name = set->kind == VAR_RESET_ALL ? "all" : lower_case(maker, set->name);
	struct part_setting *setting = add_setting(maker, statement, name);
	setting->local = set->is_local;
	setting->known = set->kind != VAR_SET_CURRENT;
	if (set->kind == VAR_SET_VALUE)
		setting->value = set_value(maker, name, set->args, &setting->known);
	if (is_transaction_setting(name)) {
		if (reset || set->kind == VAR_SET_DEFAULT || !setting->known)
			statement->cls = PART_UTILITY;
		else
			fill_set_transaction(statement,
					     strcmp(name, "transaction_read_only") == 0 && says_yes(setting->value));
		statement->settings = NULL;
		statement->setting_count = 0;
		statement->has_literals = true;
	}
}

/* Settings that are lists (GUC_LIST_INPUT in guc.c); of some the elements are quoted as
 * identifiers (GUC_LIST_QUOTE). */
static const struct {
	const char *name;
	bool quoted;
} list_settings[] = {
	{ "search_path", true },
	{ "temp_tablespaces", true },
	{ "session_preload_libraries", true },
	{ "local_preload_libraries", true },
	{ "shared_preload_libraries", true },
	{ "unix_socket_directories", true },
	{ "datestyle", false },
	{ "wal_consistency_checking", false },
	{ "log_destination", false },
	{ "listen_addresses", false },
	{ "synchronous_standby_names", false },
	{ "plpgsql.extra_warnings", false },
	{ "plpgsql.extra_errors", false },
};

/* flatten_set_variable_args() of guc.c. *known = false for what the server must make itself:
 * an interval, and a list for a setting that is not one (an error). */
static const char *set_value(struct maker *maker, const char *name, const List *args, bool *known)
{
	bool list = false, quoted = false;
	for (size_t i = 0; i < lengthof(list_settings); i++)
		if (strcmp(list_settings[i].name, name) == 0) {
			list = true;
			quoted = list_settings[i].quoted;
		}
	*known = list || list_length(args) == 1;
	size_t room = 1;
	const ListCell *cell;
	foreach(cell, args)
	{
		const A_Const *value = lfirst(cell);
		if (!IsA(value, A_Const) || value->isnull) {
			*known = false;
			return NULL;
		}
		room += IsA(&value->val, String)  ? 2 * strlen(strVal(&value->val)) + 4
			: IsA(&value->val, Float) ? strlen(castNode(Float, (Node *)&value->val)->fval) + 4
						  : 32;
	}
	char *joined = arena_take(maker->arena, room);
	size_t used = 0;
	foreach(cell, args)
	{
		const A_Const *value = lfirst(cell);
		if (used != 0)
			used += (size_t)snprintf(joined + used, room - used, ", ");
		if (IsA(&value->val, Integer))
			used += (size_t)snprintf(joined + used, room - used, "%d", intVal(&value->val));
		else if (IsA(&value->val, Float))
			used += (size_t)snprintf(joined + used, room - used, "%s",
						 castNode(Float, (Node *)&value->val)->fval);
		else if (IsA(&value->val, String))
			used += (size_t)snprintf(joined + used, room - used, "%s",
						 quoted ? quote_identifier(strVal(&value->val)) : strVal(&value->val));
		else
			*known = false;
	}
	return joined;
}

static void fill_show(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = lower_case(maker, ((const VariableShowStmt *)node)->name);
	statement->has_literals = false;
}

static void fill_discard(struct maker *maker, const void *node, struct statement *statement)
{
	static const struct {
		const char *name, *tag;
	} rows[] = { [DISCARD_ALL] = { "all", "DISCARD ALL" },
		     [DISCARD_PLANS] = { "plans", "DISCARD PLANS" },
		     [DISCARD_SEQUENCES] = { "sequences", "DISCARD SEQUENCES" },
		     [DISCARD_TEMP] = { "temp", "DISCARD TEMP" } };
	DiscardMode mode = ((const DiscardStmt *)node)->target;
	(void)maker;
	statement->name = rows[mode].name;
	statement->tag = rows[mode].tag;
	statement->has_literals = false;
	if (mode == DISCARD_ALL)
		statement->effects = EFFECT_COMMITS;
}

/* ---- prepared statements, cursors, notifications ---- */

/* The body runs only when it is executed, but a pin is due from the moment it can be. */
static void fill_prepare(struct maker *maker, const void *node, struct statement *statement)
{
	const PrepareStmt *prepare = node;
	statement->name = make_text(maker, prepare->name);
	statement->body = true;
	fill_query(maker, prepare->query, QUERY_RUNS, statement);
}

static void fill_execute(struct maker *maker, const void *node, struct statement *statement)
{
	const ExecuteStmt *execute = node;
	statement->name = make_text(maker, execute->name);
	statement->body = true;
	statement->query_use = QUERY_RUNS;
	statement->query = make_node(maker, execute->params);
}

static void fill_deallocate(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = make_text(maker, ((const DeallocateStmt *)node)->name);
	if (statement->name == NULL)
		statement->tag = "DEALLOCATE ALL";
	statement->has_literals = false;
}

static void fill_declare(struct maker *maker, const void *node, struct statement *statement)
{
	const DeclareCursorStmt *declare = node;
	statement->name = make_text(maker, declare->portalname);
	if (declare->options & CURSOR_OPT_HOLD)
		statement->pin = PIN_HOLD_CURSOR;
	fill_query(maker, declare->query, QUERY_RUNS, statement);
}

static void fill_close(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = make_text(maker, ((const ClosePortalStmt *)node)->portalname);
	if (statement->name == NULL)
		statement->tag = "CLOSE CURSOR ALL";
	statement->has_literals = false;
}

static void fill_fetch(struct maker *maker, const void *node, struct statement *statement)
{
	const FetchStmt *fetch = node;
	statement->name = make_text(maker, fetch->portalname);
	statement->has_literals = false;
}

static void fill_listen(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = make_text(maker, ((const ListenStmt *)node)->conditionname);
	statement->has_literals = false;
}

static void fill_unlisten(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = make_text(maker, ((const UnlistenStmt *)node)->conditionname);
	statement->has_literals = false;
}

static void fill_notify(struct maker *maker, const void *node, struct statement *statement)
{
	statement->name = make_text(maker, ((const NotifyStmt *)node)->conditionname);
	statement->has_literals = false;
}

/* ---- commands with a query inside ---- */

/* ANALYZE without a value, or with one that defGetBoolean() would take for true. */
static bool explain_analyzes(const ExplainStmt *explain)
{
	static const char *const off[] = { "0", "off", "false" };
	bool analyzes = false;
	const ListCell *cell;
	foreach(cell, explain->options)
	{
		const DefElem *option = lfirst(cell);
		if (strcmp(option->defname, "analyze") != 0)
			continue;
		analyzes = true;
		if (option->arg != NULL && IsA(option->arg, Integer))
			analyzes = intVal(option->arg) != 0;
		else if (option->arg != NULL && IsA(option->arg, String))
			for (size_t i = 0; i < lengthof(off); i++)
				if (span_is_nocase(span_text(strVal(option->arg)), off[i]))
					analyzes = false;
	}
	return analyzes;
}

static void fill_explain(struct maker *maker, const void *node, struct statement *statement)
{
	const ExplainStmt *explain = node;
	fill_query(maker, explain->query, explain_analyzes(explain) ? QUERY_RUNS : QUERY_PLANNED, statement);
}

static void fill_copy(struct maker *maker, const void *node, struct statement *statement)
{
	const CopyStmt *copy = node;
	bool to_client = copy->filename == NULL && !copy->is_program;
	statement->tag = "COPY";
	if (copy->is_from) {
		statement->effects = EFFECT_WRITES;
		statement->written = make_name_list(maker, CLAUSE_INTO, NIL);
		tree_append(statement->written, make_relation(maker, copy->relation));
		if (copy->attlist != NIL)
			tree_append(statement->written, make_name_list(maker, CLAUSE_COLUMNS, copy->attlist));
		statement->query = make_node(maker, copy->whereClause);
		statement->query_use = QUERY_RUNS;
	}
	if (to_client)
		statement->cls = copy->is_from ? PART_COPY_IN : PART_COPY_OUT;
	else
		statement->effects |= EFFECT_WRITES;
	if (copy->query != NULL) {
		statement->has_literals = false;
		fill_query(maker, copy->query, QUERY_RUNS, statement);
	}
}

/* ---- schema changes ---- */

/* An object made in the session's own temporary schema changes no name for anybody else. */
static void fill_new_object(const RangeVar *name, struct statement *statement)
{
	bool temporary = name->relpersistence == 't' ||
			 (name->schemaname != NULL && strncmp(name->schemaname, "pg_temp", 7) == 0);
	statement->creates = name->schemaname == NULL;
	if (temporary) {
		statement->effects &= ~(unsigned)EFFECT_NAMES;
		statement->pin = PIN_TEMP_TABLE;
		statement->creates = false;
	}
}

static void fill_create(struct maker *maker, const void *node, struct statement *statement)
{
	(void)maker;
	fill_new_object(((const CreateStmt *)node)->relation, statement);
}

static void fill_create_as(struct maker *maker, const void *node, struct statement *statement)
{
	const CreateTableAsStmt *create = node;
	statement->tag = create->objtype == OBJECT_MATVIEW ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
	fill_new_object(create->into->rel, statement);
	fill_query(maker, create->query, QUERY_RUNS, statement);
}

static void fill_view(struct maker *maker, const void *node, struct statement *statement)
{
	(void)maker;
	fill_new_object(((const ViewStmt *)node)->view, statement);
}

static void fill_sequence(struct maker *maker, const void *node, struct statement *statement)
{
	(void)maker;
	fill_new_object(((const CreateSeqStmt *)node)->sequence, statement);
}

/* The index's functions run over the rows that are there. */
static void fill_index(struct maker *maker, const void *node, struct statement *statement)
{
	const IndexStmt *index = node;
	(void)maker;
	statement->effects |= EFFECT_USER_CODE;
	if (index->concurrent)
		statement->effects |= EFFECT_COMMITS;
}

static void fill_drop(struct maker *maker, const void *node, struct statement *statement)
{
	(void)maker;
	if (((const DropStmt *)node)->concurrent)
		statement->effects |= EFFECT_COMMITS;
}

static void fill_alter_table(struct maker *maker, const void *node, struct statement *statement)
{
	const AlterTableStmt *alter = node;
	(void)maker;
	const ListCell *cell;
	foreach(cell, alter->cmds)
	{
		const AlterTableCmd *command = lfirst(cell);
		if (command->subtype == AT_DetachPartition && ((const PartitionCmd *)command->def)->concurrent)
			statement->effects |= EFFECT_COMMITS;
	}
}

static void fill_refresh(struct maker *maker, const void *node, struct statement *statement)
{
	(void)maker;
	(void)node;
	statement->effects |= EFFECT_SETTINGS_UNKNOWN;
}

/* REINDEX of a schema or database, or CONCURRENTLY, cannot run in a transaction; that the word
 * may be switched off again by a value is not looked at. */
static void fill_reindex(struct maker *maker, const void *node, struct statement *statement)
{
	const ReindexStmt *reindex = node;
	(void)maker;
	if (reindex->kind != REINDEX_OBJECT_INDEX && reindex->kind != REINDEX_OBJECT_TABLE)
		statement->effects |= EFFECT_COMMITS;
	if (reindex->params != NIL)
		statement->effects |= EFFECT_COMMITS;
}

static void fill_vacuum(struct maker *maker, const void *node, struct statement *statement)
{
	const VacuumStmt *vacuum = node;
	(void)maker;
	statement->tag = vacuum->is_vacuumcmd ? "VACUUM" : "ANALYZE";
	if (vacuum->is_vacuumcmd)
		statement->effects |= EFFECT_COMMITS;
}
