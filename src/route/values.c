/* Values: which literal or parameter an expression is, and of what type. What only looks like the
 * key's value is told apart here: '42'::text for an integer key, $1 in two roles. */
#include "route/analyse.h"
#include "route/analysis.h"

static uint32_t plain_type(uint32_t type);
static bool same_family(uint32_t a, uint32_t b);
static uint32_t declared_type(const struct analysis *a, unsigned number);
static bool fill_literal(struct analysis *a, struct source *source, const struct tree *literal, uint32_t cast);
static bool fill_param(struct analysis *a, struct source *source, const struct tree *param, uint32_t cast,
		       const struct map_column *column);

static struct param_use *param_use(struct analysis *a, const struct tree *param)
{
	if (param->mark < 1 || param->mark > PARAMS_MAX) {
		decline(a, REASON_TOO_LARGE);
		return NULL;
	}
	unsigned number = (unsigned)param->mark;
	if (number > a->param_count) {
		unsigned count = number < 16 ? 16 : number * 2;
		struct param_use *grown = ARENA_ARRAY(a->input->arena, count, struct param_use);
		if (a->param_count != 0)
			memcpy(grown, a->params, a->param_count * sizeof *grown);
		a->params = grown;
		a->param_count = count;
	}
	return &a->params[number - 1];
}

void values_count_param(struct analysis *a, const struct tree *param)
{
	struct param_use *use = param_use(a, param);
	if (use != NULL)
		use->count++;
}

void values_prove_param(struct analysis *a, const struct tree *node, uint32_t type)
{
	struct param_use *use = node->kind == TREE_PARAM ? param_use(a, node) : NULL;
	if (use == NULL)
		return;
	if (use->proven++ == 0)
		use->type = plain_type(type);
	else if (use->type != plain_type(type))
		use->differs = true;
}

struct source *values_source(struct analysis *a, const struct tree *value, const struct map_column *column)
{
	struct source *source = ARENA_NEW(a->input->arena, struct source);
	uint32_t cast = 0;
	source->kind = SOURCE_UNCERTAIN;
	if (tree_has(value, TREE_COLUMN))
		return NULL;
	if (value->kind == TREE_CAST) {
		cast = value->mark & (CAST_TYPMODS | CAST_ARRAY) ? 0 : trust_type(a->input->trust, value);
		value = value->first;
		if (cast == 0 || value == NULL || !same_family(cast, column->type))
			return source;
	}
	bool sure = true;
	if (value->kind == TREE_NULL)
		source->kind = SOURCE_NULL;
	else if (value->kind == TREE_TRUE || value->kind == TREE_FALSE)
		source->kind = value->kind == TREE_TRUE ? SOURCE_TRUE : SOURCE_FALSE;
	else if (value->kind == TREE_LITERAL)
		sure = fill_literal(a, source, value, cast);
	else if (value->kind == TREE_PARAM)
		sure = fill_param(a, source, value, cast, column);
	if (!sure)
		source->kind = SOURCE_UNCERTAIN;
	return source;
}

/* varchar has no operators of its own: compared, it is text. */
static uint32_t plain_type(uint32_t type)
{
	return type == TYPE_VARCHAR ? TYPE_TEXT : type;
}

static bool is_integer(uint32_t type)
{
	return type == TYPE_INT2 || type == TYPE_INT4 || type == TYPE_INT8;
}

/* Types whose values, cast from one to the other, stay the same or are refused. */
static bool same_family(uint32_t a, uint32_t b)
{
	return plain_type(a) == plain_type(b) || (is_integer(a) && is_integer(b));
}

static uint32_t declared_type(const struct analysis *a, unsigned number)
{
	uint32_t type = number <= a->input->type_count ? a->input->types[number - 1] : TYPE_UNSPECIFIED;
	return type == TYPE_UNKNOWN ? TYPE_UNSPECIFIED : type;
}

/* The parser folds a minus into the literal and moves its location to the minus. */
static bool fill_literal(struct analysis *a, struct source *source, const struct tree *literal, uint32_t cast)
{
	const struct analyse_input *input = a->input;
	if (literal->location < 0 || (size_t)literal->location >= input->text.len)
		return false;
	size_t start = (size_t)literal->location;
	if (input->text.ptr[start] == '-') {
		struct lexer lexer;
		lexer_init(&lexer, span_of(input->text.ptr + start, input->text.len - start));
		struct token minus = lexer_next(&lexer), number = lexer_next(&lexer);
		if (minus.kind != TOKEN_SELF || number.kind != TOKEN_INTEGER)
			return false;
		source->negative = true;
		start += number.start;
	}
	long slot = template_slot(input->slots, input->slot_count, start);
	if (slot < 0)
		return false;
	enum token_kind kind = input->slots[slot].kind;
	source->kind = SOURCE_SLOT;
	source->index = (unsigned)slot;
	if (kind == TOKEN_INTEGER)
		return cast == 0 || is_integer(cast);
	return !source->negative && (kind == TOKEN_STRING || kind == TOKEN_DOLLAR);
}

static bool fill_param(struct analysis *a, struct source *source, const struct tree *param, uint32_t cast,
		       const struct map_column *column)
{
	const struct param_use *use = param_use(a, param);
	if (use == NULL)
		return false;
	uint32_t declared = declared_type(a, (unsigned)param->mark);
	source->kind = SOURCE_PARAM;
	source->index = (unsigned)param->mark - 1;
	source->declared = declared;
	if (declared != TYPE_UNSPECIFIED)
		return cast == 0 || same_family(declared, column->type);
	if (use->count <= 1) {
		source->declared = cast;
		return true;
	}
	/* Its first use decides its type: certain only if all uses agree. */
	source->declared = use->type;
	return use->proven == use->count && !use->differs && use->type == plain_type(cast ? cast : column->type);
}
