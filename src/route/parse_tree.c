/* Raw parse tree to tree.h: queries and expressions. One small function a node type,
 * found in a table by its tag; a type without one becomes TREE_OPAQUE. */
#include "route/parse_nodes.h"

typedef struct tree *make_function(struct maker *maker, const void *node);

static make_function make_column, make_param, make_constant, make_operation, make_boolean, make_null_test,
	make_boolean_test, make_cast, make_collate, make_call, make_subscript, make_subscripts, make_array,
	make_sublink, make_case, make_when, make_row, make_coalesce, make_min_max, make_value_function, make_grouping,
	make_grouping_set, make_default, make_multi_assign, make_target, make_sort, make_window, make_range_subselect,
	make_range_function, make_range_sample, make_range, make_join, make_with, make_cte, make_locking, make_infer,
	make_index_element, make_conflict, make_list, make_string, make_select, make_insert, make_update, make_delete,
	make_merge, make_merge_when, make_into, make_xml, make_xml_serialize, make_named_argument, make_current_of;

static make_function *const makers[] = {
	[T_ColumnRef] = make_column,
	[T_ParamRef] = make_param,
	[T_A_Const] = make_constant,
	[T_A_Expr] = make_operation,
	[T_BoolExpr] = make_boolean,
	[T_NullTest] = make_null_test,
	[T_BooleanTest] = make_boolean_test,
	[T_TypeCast] = make_cast,
	[T_CollateClause] = make_collate,
	[T_FuncCall] = make_call,
	[T_CurrentOfExpr] = make_current_of,
	[T_NamedArgExpr] = make_named_argument,
	[T_A_Indirection] = make_subscript,
	[T_A_Indices] = make_subscripts,
	[T_A_ArrayExpr] = make_array,
	[T_SubLink] = make_sublink,
	[T_CaseExpr] = make_case,
	[T_CaseWhen] = make_when,
	[T_RowExpr] = make_row,
	[T_CoalesceExpr] = make_coalesce,
	[T_MinMaxExpr] = make_min_max,
	[T_SQLValueFunction] = make_value_function,
	[T_GroupingFunc] = make_grouping,
	[T_GroupingSet] = make_grouping_set,
	[T_SetToDefault] = make_default,
	[T_MultiAssignRef] = make_multi_assign,
	[T_ResTarget] = make_target,
	[T_SortBy] = make_sort,
	[T_WindowDef] = make_window,
	[T_RangeSubselect] = make_range_subselect,
	[T_RangeFunction] = make_range_function,
	[T_RangeTableSample] = make_range_sample,
	[T_RangeVar] = make_range,
	[T_JoinExpr] = make_join,
	[T_WithClause] = make_with,
	[T_CommonTableExpr] = make_cte,
	[T_LockingClause] = make_locking,
	[T_InferClause] = make_infer,
	[T_IndexElem] = make_index_element,
	[T_OnConflictClause] = make_conflict,
	[T_List] = make_list,
	[T_String] = make_string,
	[T_SelectStmt] = make_select,
	[T_InsertStmt] = make_insert,
	[T_UpdateStmt] = make_update,
	[T_DeleteStmt] = make_delete,
	[T_MergeStmt] = make_merge,
	[T_MergeWhenClause] = make_merge_when,
	[T_IntoClause] = make_into,
	[T_XmlExpr] = make_xml,
	[T_XmlSerialize] = make_xml_serialize,
};

static struct tree *node_new(struct maker *maker, enum tree_kind kind, int mark, int location);
static const char *const *make_names(struct maker *maker, const List *names);
static const char *const *fixed_names(struct maker *maker, const char *schema, const char *name);
static struct tree *clause_of(struct maker *maker, enum tree_clause clause, const void *node);
static void add_clause(struct maker *maker, struct tree *statement, enum tree_clause clause, const void *node);
static void add_operator(struct maker *maker, struct tree *parent, const char *name);

struct tree *make_node(struct maker *maker, const void *node)
{
	if (node == NULL || maker->too_deep)
		return NULL;
	unsigned tag = nodeTag(node);
	make_function *make = tag < lengthof(makers) ? makers[tag] : NULL;
	if (make == NULL)
		return node_new(maker, TREE_OPAQUE, 0, -1);
	if (++maker->depth > maker->max_depth) {
		maker->too_deep = true;
		return NULL;
	}
	struct tree *made = make(maker, node);
	maker->depth--;
	return made;
}

const char *make_text(struct maker *maker, const char *text)
{
	return text ? arena_text(maker->arena, span_text(text)) : NULL;
}

void tree_append(struct tree *parent, struct tree *child)
{
	if (child == NULL)
		return;
	struct tree **at = &parent->first;
	if (parent->last != NULL)
		at = &parent->last->next;
	*at = child;
	while (child->next != NULL)
		child = child->next;
	parent->last = child;
}

struct tree *make_name_list(struct maker *maker, enum tree_clause clause, const List *names)
{
	struct tree *made = node_new(maker, TREE_CLAUSE, clause, -1);
	const ListCell *cell;
	foreach(cell, names) tree_append(made, make_node(maker, lfirst(cell)));
	return made;
}

static struct tree *node_new(struct maker *maker, enum tree_kind kind, int mark, int location)
{
	struct tree *made = ARENA_NEW(maker->arena, struct tree);
	made->kind = kind;
	made->mark = mark;
	made->location = location;
	return made;
}

/* A list of String nodes (and perhaps a star at its end, which is not a name). */
static const char *const *make_names(struct maker *maker, const List *names)
{
	const char **copy = ARENA_ARRAY(maker->arena, list_length(names) + 1, const char *);
	size_t count = 0;
	const ListCell *cell;
	foreach(cell, names) if (IsA(lfirst(cell), String)) copy[count++] = make_text(maker, strVal(lfirst(cell)));
	return copy;
}

static const char *const *fixed_names(struct maker *maker, const char *schema, const char *name)
{
	const char **names = ARENA_ARRAY(maker->arena, 3, const char *);
	size_t count = 0;
	if (schema != NULL)
		names[count++] = schema;
	names[count] = name;
	return names;
}

/* Appends a node, or each element of a list. */
static void add(struct maker *maker, struct tree *parent, const void *node)
{
	if (node == NULL)
		return;
	if (!IsA(node, List)) {
		tree_append(parent, make_node(maker, node));
		return;
	}
	const ListCell *cell;
	foreach(cell, (const List *)node) tree_append(parent, make_node(maker, lfirst(cell)));
}

static struct tree *clause_of(struct maker *maker, enum tree_clause clause, const void *node)
{
	struct tree *made = node_new(maker, TREE_CLAUSE, clause, -1);
	add(maker, made, node);
	return made;
}

static void add_clause(struct maker *maker, struct tree *statement, enum tree_clause clause, const void *node)
{
	if (node != NULL)
		tree_append(statement, clause_of(maker, clause, node));
}

static void add_operator(struct maker *maker, struct tree *parent, const char *name)
{
	struct tree *used = node_new(maker, TREE_OPERATOR_USED, 0, -1);
	used->names = fixed_names(maker, NULL, name);
	tree_append(parent, used);
}

static void add_operator_names(struct maker *maker, struct tree *parent, const List *names)
{
	struct tree *used = node_new(maker, TREE_OPERATOR_USED, 0, -1);
	used->names = make_names(maker, names);
	tree_append(parent, used);
}

/* ---- expressions ---- */

static struct tree *make_column(struct maker *maker, const void *node)
{
	const ColumnRef *column = node;
	struct tree *made = node_new(maker, TREE_COLUMN, 0, column->location);
	made->names = make_names(maker, column->fields);
	if (IsA(llast(column->fields), A_Star))
		made->mark |= COLUMN_STAR;
	return made;
}

static struct tree *make_param(struct maker *maker, const void *node)
{
	const ParamRef *param = node;
	return node_new(maker, TREE_PARAM, param->number, param->location);
}

static struct tree *make_constant(struct maker *maker, const void *node)
{
	const A_Const *constant = node;
	if (constant->isnull)
		return node_new(maker, TREE_NULL, 0, constant->location);
	if (IsA(&constant->val, Boolean))
		return node_new(maker, boolVal(&constant->val) ? TREE_TRUE : TREE_FALSE, 0, constant->location);
	return node_new(maker, TREE_LITERAL, 0, constant->location);
}

/* The operators that a spelled-out operation looks up by name, besides its own. */
static const char *const implied_operators[][3] = {
	[AEXPR_BETWEEN] = { ">=", "<=" },
	[AEXPR_NOT_BETWEEN] = { "<", ">" },
	[AEXPR_BETWEEN_SYM] = { ">=", "<=" },
	[AEXPR_NOT_BETWEEN_SYM] = { "<", ">" },
};

static struct tree *make_operation(struct maker *maker, const void *node)
{
	const A_Expr *operation = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, operation->location);
	if (operation->kind == AEXPR_OP) {
		made->kind = TREE_OPERATOR;
		made->names = make_names(maker, operation->name);
	} else if (operation->kind >= AEXPR_BETWEEN) {
		for (const char *const *name = implied_operators[operation->kind]; *name != NULL; name++)
			add_operator(maker, made, *name);
	} else {
		add_operator_names(maker, made, operation->name);
	}
	add(maker, made, operation->lexpr);
	add(maker, made, operation->rexpr);
	return made;
}

static struct tree *make_boolean(struct maker *maker, const void *node)
{
	static const enum tree_kind kinds[] = { [AND_EXPR] = TREE_AND, [OR_EXPR] = TREE_OR, [NOT_EXPR] = TREE_NOT };
	const BoolExpr *boolean = node;
	struct tree *made = node_new(maker, kinds[boolean->boolop], 0, boolean->location);
	add(maker, made, boolean->args);
	return made;
}

static struct tree *make_null_test(struct maker *maker, const void *node)
{
	const NullTest *test = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, test->location);
	add(maker, made, test->arg);
	return made;
}

static struct tree *make_boolean_test(struct maker *maker, const void *node)
{
	const BooleanTest *test = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, test->location);
	add(maker, made, test->arg);
	return made;
}

static struct tree *cast_to(struct maker *maker, const TypeName *type, const void *arg, int location)
{
	struct tree *made = node_new(maker, TREE_CAST, 0, location);
	made->names = make_names(maker, type->names);
	if (type->typmods != NIL || type->typemod != -1)
		made->mark |= CAST_TYPMODS;
	if (type->arrayBounds != NIL)
		made->mark |= CAST_ARRAY;
	if (type->setof || type->pct_type || type->names == NIL)
		made->mark |= CAST_ODD;
	add(maker, made, arg);
	return made;
}

static struct tree *make_cast(struct maker *maker, const void *node)
{
	const TypeCast *cast = node;
	return cast_to(maker, cast->typeName, cast->arg, cast->location);
}

static struct tree *make_collate(struct maker *maker, const void *node)
{
	const CollateClause *collate = node;
	struct tree *made = node_new(maker, TREE_COLLATE, 0, collate->location);
	made->names = make_names(maker, collate->collname);
	add(maker, made, collate->arg);
	return made;
}

static struct tree *make_call(struct maker *maker, const void *node)
{
	const FuncCall *call = node;
	struct tree *made = node_new(maker, TREE_CALL, 0, call->location);
	made->names = make_names(maker, call->funcname);
	add(maker, made, call->args);
	add(maker, made, call->agg_order);
	add(maker, made, call->agg_filter);
	add(maker, made, call->over);
	return made;
}

static struct tree *make_current_of(struct maker *maker, const void *node)
{
	(void)node;
	return node_new(maker, TREE_OTHER, 0, -1);
}

static struct tree *make_named_argument(struct maker *maker, const void *node)
{
	const NamedArgExpr *argument = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, argument->location);
	add(maker, made, argument->arg);
	return made;
}

/* a[1] is no more than its parts; (a).b may be a call of b(a). */
static struct tree *make_subscript(struct maker *maker, const void *node)
{
	const A_Indirection *from = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, -1);
	add(maker, made, from->arg);
	const ListCell *cell;
	foreach(cell, from->indirection)
	{
		if (IsA(lfirst(cell), A_Indices))
			add(maker, made, lfirst(cell));
		else
			made->kind = TREE_OTHER;
	}
	return made;
}

static struct tree *make_subscripts(struct maker *maker, const void *node)
{
	const A_Indices *indices = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, -1);
	add(maker, made, indices->lidx);
	add(maker, made, indices->uidx);
	return made;
}

static struct tree *make_array(struct maker *maker, const void *node)
{
	const A_ArrayExpr *array = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, array->location);
	add(maker, made, array->elements);
	return made;
}

static struct tree *make_sublink(struct maker *maker, const void *node)
{
	const SubLink *link = node;
	struct tree *made = node_new(maker, TREE_SUBQUERY, 0, link->location);
	if (link->operName != NIL)
		add_operator_names(maker, made, link->operName);
	else if (link->testexpr != NULL)
		add_operator(maker, made, "=");
	add(maker, made, link->testexpr);
	add(maker, made, link->subselect);
	return made;
}

static struct tree *make_case(struct maker *maker, const void *node)
{
	const CaseExpr *choice = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, choice->location);
	if (choice->arg != NULL)
		add_operator(maker, made, "=");
	add(maker, made, choice->arg);
	add(maker, made, choice->args);
	add(maker, made, choice->defresult);
	return made;
}

static struct tree *make_when(struct maker *maker, const void *node)
{
	const CaseWhen *when = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, when->location);
	add(maker, made, when->expr);
	add(maker, made, when->result);
	return made;
}

static struct tree *make_row(struct maker *maker, const void *node)
{
	const RowExpr *row = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, row->location);
	add(maker, made, row->args);
	return made;
}

static struct tree *make_coalesce(struct maker *maker, const void *node)
{
	const CoalesceExpr *coalesce = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, coalesce->location);
	add(maker, made, coalesce->args);
	return made;
}

static struct tree *make_min_max(struct maker *maker, const void *node)
{
	const MinMaxExpr *extreme = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, extreme->location);
	add(maker, made, extreme->args);
	return made;
}

/* CURRENT_DATE and the like, CURRENT_USER: the same wherever the session runs. The
 * database's name and the schema's are asked for as the functions that they are. */
static struct tree *make_value_function(struct maker *maker, const void *node)
{
	const SQLValueFunction *function = node;
	const char *name = function->op == SVFOP_CURRENT_CATALOG  ? "current_database"
			   : function->op == SVFOP_CURRENT_SCHEMA ? "current_schema"
								  : NULL;
	struct tree *made = node_new(maker, name ? TREE_CALL : TREE_EXPRESSION, 0, function->location);
	if (name != NULL)
		made->names = fixed_names(maker, "pg_catalog", name);
	return made;
}

static struct tree *make_grouping(struct maker *maker, const void *node)
{
	const GroupingFunc *grouping = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, grouping->location);
	add(maker, made, grouping->args);
	return made;
}

static struct tree *make_grouping_set(struct maker *maker, const void *node)
{
	const GroupingSet *set = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, set->location);
	add(maker, made, set->content);
	return made;
}

static struct tree *make_default(struct maker *maker, const void *node)
{
	(void)node;
	return node_new(maker, TREE_DEFAULT, 0, -1);
}

/* The row of SET (a, b) = row is shared by all its targets: it is made once. */
static struct tree *make_multi_assign(struct maker *maker, const void *node)
{
	const MultiAssignRef *assign = node;
	struct tree *made = node_new(maker, TREE_EXPRESSION, 0, -1);
	if (assign->colno == 1)
		add(maker, made, assign->source);
	return made;
}

static struct tree *make_xml(struct maker *maker, const void *node)
{
	const XmlExpr *xml = node;
	struct tree *made = node_new(maker, TREE_OTHER, 0, xml->location);
	add(maker, made, xml->named_args);
	add(maker, made, xml->args);
	return made;
}

static struct tree *make_xml_serialize(struct maker *maker, const void *node)
{
	const XmlSerialize *xml = node;
	struct tree *made = node_new(maker, TREE_OTHER, 0, xml->location);
	add(maker, made, xml->expr);
	return made;
}

/* ---- lists and their elements ---- */

static struct tree *make_list(struct maker *maker, const void *node)
{
	struct tree *made = node_new(maker, TREE_LIST, 0, -1);
	add(maker, made, node);
	return made;
}

static struct tree *make_string(struct maker *maker, const void *node)
{
	struct tree *made = node_new(maker, TREE_NAME, 0, -1);
	made->text = make_text(maker, strVal(node));
	return made;
}

static struct tree *make_target(struct maker *maker, const void *node)
{
	const ResTarget *target = node;
	struct tree *made = node_new(maker, TREE_TARGET, 0, target->location);
	made->text = make_text(maker, target->name);
	add(maker, made, target->val);
	const ListCell *cell;
	foreach(cell, target->indirection)
	{
		made->mark |= TARGET_PART;
		if (IsA(lfirst(cell), A_Indices))
			add(maker, made, lfirst(cell));
	}
	return made;
}

static struct tree *make_sort(struct maker *maker, const void *node)
{
	const SortBy *sort = node;
	struct tree *made = node_new(maker, TREE_LIST, 0, sort->location);
	add(maker, made, sort->node);
	if (sort->useOp != NIL)
		add_operator_names(maker, made, sort->useOp);
	return made;
}

static struct tree *make_window(struct maker *maker, const void *node)
{
	const WindowDef *window = node;
	struct tree *made = node_new(maker, TREE_LIST, 0, window->location);
	add(maker, made, window->partitionClause);
	add(maker, made, window->orderClause);
	add(maker, made, window->startOffset);
	add(maker, made, window->endOffset);
	return made;
}

static struct tree *make_locking(struct maker *maker, const void *node)
{
	const LockingClause *locking = node;
	struct tree *made = node_new(maker, TREE_LIST, 0, -1);
	const ListCell *cell;
	foreach(cell, locking->lockedRels)
	{
		struct tree *name = node_new(maker, TREE_NAME, 0, -1);
		name->text = make_text(maker, ((const RangeVar *)lfirst(cell))->relname);
		tree_append(made, name);
	}
	return made;
}

static struct tree *make_index_element(struct maker *maker, const void *node)
{
	const IndexElem *element = node;
	bool plain = element->collation == NIL && element->opclass == NIL && element->opclassopts == NIL;
	struct tree *made = node_new(maker, plain ? TREE_EXPRESSION : TREE_OTHER, 0, -1);
	if (element->name != NULL) {
		struct tree *column = node_new(maker, TREE_COLUMN, 0, -1);
		column->names = fixed_names(maker, NULL, make_text(maker, element->name));
		tree_append(made, column);
	}
	add(maker, made, element->expr);
	return made;
}

/* ---- FROM ---- */

struct tree *make_relation(struct maker *maker, const RangeVar *range)
{
	struct tree *made = node_new(maker, TREE_RELATION, 0, range->location);
	made->names = fixed_names(maker, make_text(maker, range->schemaname), make_text(maker, range->relname));
	if (range->catalogname != NULL)
		made->mark |= RELATION_DATABASE;
	if (range->relpersistence == 't')
		made->mark |= RELATION_TEMPORARY;
	if (range->alias != NULL) {
		made->text = make_text(maker, range->alias->aliasname);
		if (range->alias->colnames != NIL)
			made->mark |= RELATION_COLUMN_ALIASES;
	}
	return made;
}

static struct tree *make_range(struct maker *maker, const void *node)
{
	return make_relation(maker, node);
}

static struct tree *make_range_subselect(struct maker *maker, const void *node)
{
	const RangeSubselect *range = node;
	struct tree *made = node_new(maker, TREE_SUBQUERY, 0, -1);
	add(maker, made, range->subquery);
	return made;
}

/* functions is a list of pairs: the call, and its column definitions. */
static struct tree *make_range_function(struct maker *maker, const void *node)
{
	const RangeFunction *range = node;
	struct tree *made = node_new(maker, TREE_OTHER, 0, -1);
	const ListCell *cell;
	foreach(cell, range->functions) add(maker, made, linitial((const List *)lfirst(cell)));
	return made;
}

static struct tree *make_range_sample(struct maker *maker, const void *node)
{
	const RangeTableSample *sample = node;
	struct tree *made = node_new(maker, TREE_OTHER, 0, sample->location);
	add(maker, made, sample->relation);
	add(maker, made, sample->args);
	add(maker, made, sample->repeatable);
	return made;
}

static struct tree *make_join(struct maker *maker, const void *node)
{
	static const enum join_kind kinds[] = { [JOIN_INNER] = JOIN_KIND_INNER,
						[JOIN_LEFT] = JOIN_KIND_LEFT,
						[JOIN_FULL] = JOIN_KIND_FULL,
						[JOIN_RIGHT] = JOIN_KIND_RIGHT };
	const JoinExpr *join = node;
	if (join->jointype > JOIN_RIGHT)
		return node_new(maker, TREE_OPAQUE, 0, -1);
	struct tree *made = node_new(maker, TREE_JOIN, kinds[join->jointype], -1);
	if (join->isNatural)
		made->mark |= JOIN_NATURAL;
	if (join->alias != NULL || join->join_using_alias != NULL)
		made->mark |= JOIN_ALIAS;
	add(maker, made, join->larg);
	add(maker, made, join->rarg);
	add_clause(maker, made, CLAUSE_ON, join->quals);
	if (join->usingClause != NIL) {
		struct tree *names = make_name_list(maker, CLAUSE_USING, join->usingClause);
		add_operator(maker, names, "=");
		tree_append(made, names);
	}
	return made;
}

/* ---- statements ---- */

static struct tree *make_with(struct maker *maker, const void *node)
{
	return clause_of(maker, CLAUSE_WITH, ((const WithClause *)node)->ctes);
}

static struct tree *make_cte(struct maker *maker, const void *node)
{
	const CommonTableExpr *cte = node;
	struct tree *made = node_new(maker, TREE_SUBQUERY, 0, cte->location);
	add(maker, made, cte->ctequery);
	if (cte->search_clause != NULL || cte->cycle_clause != NULL)
		tree_append(made, node_new(maker, TREE_OTHER, 0, -1));
	return made;
}

static struct tree *make_into(struct maker *maker, const void *node)
{
	return clause_of(maker, CLAUSE_INTO, ((const IntoClause *)node)->rel);
}

static struct tree *make_select(struct maker *maker, const void *node)
{
	const SelectStmt *select = node;
	struct tree *made = node_new(maker, TREE_SELECT, 0, -1);
	add(maker, made, select->withClause);
	if (select->op != SETOP_NONE) {
		made->mark |= SELECT_SET_OPERATION;
		struct tree *arms = node_new(maker, TREE_CLAUSE, CLAUSE_ARMS, -1);
		add(maker, arms, select->larg);
		add(maker, arms, select->rarg);
		tree_append(made, arms);
	}
	if (select->intoClause != NULL) {
		made->mark |= SELECT_INTO;
		add(maker, made, select->intoClause);
	}
	/* Plain DISTINCT is a list of one NULL. */
	if (select->distinctClause != NIL && linitial(select->distinctClause) != NULL)
		add_clause(maker, made, CLAUSE_DISTINCT, select->distinctClause);
	add_clause(maker, made, CLAUSE_TARGETS, select->targetList);
	add_clause(maker, made, CLAUSE_FROM, select->fromClause);
	add_clause(maker, made, CLAUSE_WHERE, select->whereClause);
	add_clause(maker, made, CLAUSE_GROUP, select->groupClause);
	add_clause(maker, made, CLAUSE_HAVING, select->havingClause);
	add_clause(maker, made, CLAUSE_WINDOW, select->windowClause);
	add_clause(maker, made, CLAUSE_VALUES, select->valuesLists);
	add_clause(maker, made, CLAUSE_ORDER, select->sortClause);
	add_clause(maker, made, CLAUSE_LIMIT, select->limitOffset);
	add_clause(maker, made, CLAUSE_LIMIT, select->limitCount);
	add_clause(maker, made, CLAUSE_LOCKING, select->lockingClause);
	return made;
}

static struct tree *make_conflict(struct maker *maker, const void *node)
{
	const OnConflictClause *conflict = node;
	struct tree *made = node_new(maker, TREE_CLAUSE, CLAUSE_CONFLICT, conflict->location);
	add(maker, made, conflict->infer);
	add_clause(maker, made, CLAUSE_SET, conflict->targetList);
	add_clause(maker, made, CLAUSE_WHERE, conflict->whereClause);
	return made;
}

static struct tree *make_infer(struct maker *maker, const void *node)
{
	const InferClause *infer = node;
	struct tree *made = node_new(maker, TREE_LIST, 0, infer->location);
	add(maker, made, infer->indexElems);
	add(maker, made, infer->whereClause);
	return made;
}

static struct tree *make_insert(struct maker *maker, const void *node)
{
	const InsertStmt *insert = node;
	struct tree *made = node_new(maker, TREE_INSERT, 0, -1);
	if (insert->override == OVERRIDING_USER_VALUE)
		made->mark |= INSERT_OVERRIDES;
	add(maker, made, insert->withClause);
	add_clause(maker, made, CLAUSE_INTO, insert->relation);
	add_clause(maker, made, CLAUSE_COLUMNS, insert->cols);
	add_clause(maker, made, CLAUSE_SOURCE, insert->selectStmt);
	add(maker, made, insert->onConflictClause);
	add_clause(maker, made, CLAUSE_RETURNING, insert->returningList);
	return made;
}

static struct tree *make_update(struct maker *maker, const void *node)
{
	const UpdateStmt *update = node;
	struct tree *made = node_new(maker, TREE_UPDATE, 0, -1);
	add(maker, made, update->withClause);
	add_clause(maker, made, CLAUSE_INTO, update->relation);
	add_clause(maker, made, CLAUSE_SET, update->targetList);
	add_clause(maker, made, CLAUSE_FROM, update->fromClause);
	add_clause(maker, made, CLAUSE_WHERE, update->whereClause);
	add_clause(maker, made, CLAUSE_RETURNING, update->returningList);
	return made;
}

static struct tree *make_delete(struct maker *maker, const void *node)
{
	const DeleteStmt *delete = node;
	struct tree *made = node_new(maker, TREE_DELETE, 0, -1);
	add(maker, made, delete->withClause);
	add_clause(maker, made, CLAUSE_INTO, delete->relation);
	add_clause(maker, made, CLAUSE_FROM, delete->usingClause);
	add_clause(maker, made, CLAUSE_WHERE, delete->whereClause);
	add_clause(maker, made, CLAUSE_RETURNING, delete->returningList);
	return made;
}

static struct tree *make_merge(struct maker *maker, const void *node)
{
	const MergeStmt *merge = node;
	struct tree *made = node_new(maker, TREE_MERGE, 0, -1);
	add(maker, made, merge->withClause);
	add_clause(maker, made, CLAUSE_INTO, merge->relation);
	add_clause(maker, made, CLAUSE_FROM, merge->sourceRelation);
	add_clause(maker, made, CLAUSE_ON, merge->joinCondition);
	add(maker, made, merge->mergeWhenClauses);
	return made;
}

static struct tree *make_merge_when(struct maker *maker, const void *node)
{
	const MergeWhenClause *when = node;
	struct tree *made = node_new(maker, TREE_LIST, 0, -1);
	add(maker, made, when->condition);
	add(maker, made, when->targetList);
	add(maker, made, when->values);
	return made;
}
