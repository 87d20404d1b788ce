/* Statement by statement: class, effects and pin from the tree, a recipe for what has rows. A
 * statement that may change what names mean makes those behind it in the same text
 * unsure: they were read under what held before. */
#include "route/script.h"

#include "base/mem.h"
#include "route/analyse.h"
#include "route/effects.h"

/* Nesting of the tree: bounds the recursion over it, which takes some 200 bytes a level. */
enum { TREE_MAX_DEPTH = 1000 };

/* What an unread text is taken to do; EFFECT_NAMES by its words. */
enum {
	EFFECTS_UNREAD = EFFECT_WRITES | EFFECT_LOCKS | EFFECT_COMMITS | EFFECT_SETTINGS_UNKNOWN | EFFECT_SEQUENCE |
			 EFFECT_USER_CODE,
	WORDS_LOOKED_AT_BYTES = 16 << 20
};

struct making {
	const struct script_input *input;
	struct plan *plan;
	struct names names;
	struct trust trust;
	bool names_changed; /* by a statement before this one */
};

static bool may_change_names(struct span text, enum reason reason);
static void make_parts(struct making *making, const struct parsed *parsed);
static void make_part(struct making *making, struct statement *statement, struct part *part);
static void find_body(const struct making *making, const struct statement *statement, struct part *part);
static const struct recipe *make_recipe(struct making *making, const struct statement *statement);
static enum reason reason_against_all(const struct making *making);
static bool changes_names(const struct statement *statement);
static void copy_settings(struct making *making, const struct statement *statement, struct part *part);
static const char *copy_text(struct making *making, const char *text);

struct plan *script_plan(const struct script_input *input)
{
	struct arena scratch;
	struct parsed parsed;
	struct span template = span_of(input->template->bytes, input->template->len);
	arena_init(&scratch);
	parse_text(&scratch, arena_text(&scratch, input->text), TREE_MAX_DEPTH, &parsed);
	struct plan *plan;
	if (!parsed.ok) {
		plan = script_unread_plan(input->env->map, parsed.reason, input->text, template);
		/* Whether it is valid may depend on a literal: varchar(99999999999) is not. */
		plan->cacheable = input->template->slot_count == 0 && !input->template->unicode_names;
	} else {
		plan = plan_new(input->env->map);
		plan->template = span_of(arena_text(&plan->arena, template), template.len);
		plan->encoding_matches = input->env->encoding_matches;
		struct making making = { .input = input, .plan = plan };
		names_init(&making.names, &scratch, plan->map, input->env->role, input->env->search_path);
		making.trust = (struct trust){ .map = plan->map,
					       .names = &making.names,
					       .route_functions = input->route_functions };
		make_parts(&making, &parsed);
	}
	arena_done(&scratch);
	return plan;
}

struct plan *script_unread_plan(struct map *map, enum reason reason, struct span text, struct span template)
{
	struct plan *plan = plan_new(map);
	plan->template = span_of(arena_text(&plan->arena, template), template.len);
	plan->reason = reason;
	plan->part_count = 1;
	plan->parts = ARENA_NEW(&plan->arena, struct part);
	plan->parts[0] = (struct part){ .cls = PART_UTILITY, .effects = EFFECTS_UNREAD, .pin = PIN_UNREAD };
	if (may_change_names(text, reason))
		plan->parts[0].effects |= EFFECT_NAMES;
	return plan;
}

/* A word that, outside of strings, stands in every command that may change what names mean. */
static bool is_change_word(struct span word, struct span before)
{
	static const char *const words[] = { "create", "alter", "drop", "grant",  "revoke",
					     "do",     "call",  "into", "import", "reassign" };
	for (size_t i = 0; i < MEM_COUNT(words); i++)
		if (span_is_nocase(word, words[i]))
			return !span_is_nocase(before, "insert") && !span_is_nocase(before, "merge");
	return false;
}

/* A mistake in a SELECT must not make the map stale, a CREATE in words newer than this grammar must.
 * Where the lexer cannot be relied on, words count inside strings too. */
static bool may_change_names(struct span text, enum reason reason)
{
	struct span before = span_text("");
	struct lexer lexer;
	size_t start = 0;
	if (text.len > WORDS_LOOKED_AT_BYTES)
		return true;
	lexer_init(&lexer, text);
	while (reason != REASON_ENCODING) {
		struct token token = lexer_next(&lexer);
		struct span word = span_of(text.ptr + token.start, token.end - token.start);
		if (token.kind == TOKEN_END || token.kind == TOKEN_BAD)
			return false; /* BAD: the server refuses the whole text */
		if (token.kind == TOKEN_WORD && is_change_word(word, before))
			return true;
		before = word;
	}
	for (size_t i = 0; i <= text.len; i++) {
		char c = i < text.len ? (char)(text.ptr[i] | 0x20) : ' ';
		if (c >= 'a' && c <= 'z')
			continue;
		struct span word = span_of(text.ptr + start, i - start);
		if (word.len != 0 && is_change_word(word, before))
			return true;
		before = word.len != 0 ? word : before;
		start = i + 1;
	}
	return false;
}

static void make_parts(struct making *making, const struct parsed *parsed)
{
	struct plan *plan = making->plan;
	plan->understood = true;
	plan->cacheable = !making->input->template->unicode_names;
	plan->parts = ARENA_ARRAY(&plan->arena, parsed->count, struct part);
	plan->part_count = parsed->count;
	for (size_t i = 0; i < parsed->count; i++) {
		struct statement *statement = &parsed->statements[i];
		make_part(making, statement, &plan->parts[i]);
		plan->cacheable &= !statement->has_literals;
		making->names_changed |= changes_names(statement);
	}
}

static void make_part(struct making *making, struct statement *statement, struct part *part)
{
	const char *path = making->input->env->search_path;
	effects_gather(&making->trust, statement);
	if (statement->pin == PIN_NONE &&
	    (making->input->template->temp_names || (statement->creates && path != NULL && strstr(path, "pg_temp"))))
		statement->pin = PIN_TEMP_TABLE;
	*part = (struct part){ .cls = statement->cls,
			       .effects = statement->effects,
			       .pin = statement->pin,
			       .tag = statement->tag /* a constant */,
			       .name = copy_text(making, statement->name),
			       .chain = statement->chain,
			       .read_only = statement->read_only,
			       .has_options = statement->has_options };
	copy_settings(making, statement, part);
	if (statement->body)
		find_body(making, statement, part);
	if (statement->cls == PART_ROWS || (statement->cls == PART_COPY_OUT && statement->query != NULL))
		part->recipe = make_recipe(making, statement);
}

/* ---- bodies ---- */

static struct span token_bytes(struct span text, struct token token)
{
	return span_of(text.ptr + token.start, token.end - token.start);
}

/* Moves behind the bracket that closes the one just read. False if the text ends before. */
static bool skip_brackets(struct lexer *lexer, struct token *last)
{
	size_t depth = 1;
	while (depth != 0) {
		*last = lexer_next(lexer);
		if (last->kind == TOKEN_END || last->kind == TOKEN_BAD)
			return false;
		struct span bytes = token_bytes(lexer->text, *last);
		depth += span_is(bytes, "(");
		depth -= span_is(bytes, ")");
	}
	return true;
}

/* PREPARE name [(types)] AS body; EXECUTE name [(arguments)]. The grammar has accepted the text, so
 * the tokens stand as they must. */
static void find_body(const struct making *making, const struct statement *statement, struct part *part)
{
	struct span text = span_of(making->input->text.ptr + statement->start, statement->end - statement->start);
	struct lexer lexer;
	lexer_init(&lexer, text);
	lexer_next(&lexer);
	struct token name = lexer_next(&lexer), next = lexer_next(&lexer), last;
	part->body = span_of(text.ptr + name.end, 0);
	if (name.kind == TOKEN_UQUOTED) /* UESCAPE may follow */
		return;
	if (next.kind == TOKEN_SELF && span_is(token_bytes(text, next), "(")) {
		if (!skip_brackets(&lexer, &last))
			return;
		if (part->cls == PART_EXECUTE) {
			part->body = span_trim(span_of(text.ptr + next.end, last.start - next.end));
			return;
		}
		next = lexer_next(&lexer);
	}
	if (part->cls == PART_PREPARE)
		part->body = span_trim(span_of(text.ptr + next.end, text.len - next.end));
}

/* ---- recipes ---- */

static const struct recipe *make_recipe(struct making *making, const struct statement *statement)
{
	const struct script_input *input = making->input;
	enum reason against = reason_against_all(making);
	if (against != REASON_KEY)
		return analyse_decline(&making->plan->arena, against);
	struct analyse_input analyse = { .arena = &making->plan->arena,
					 .trust = &making->trust,
					 .text = input->text,
					 .slots = input->template->slots,
					 .slot_count = input->template->slot_count,
					 .types = input->types,
					 .type_count = input->type_count };
	return analyse_query(&analyse, statement->query);
}

/* Reasons that need no look at the statement; REASON_KEY = none. */
static enum reason reason_against_all(const struct making *making)
{
	const struct map *map = making->plan->map;
	const struct route_env *env = making->input->env;
	const struct template *template = making->input->template;
	if (map == NULL)
		return REASON_NO_MAP;
	if (map_kind(map) == MAP_NONE)
		return REASON_NOT_A_CLUSTER;
	if (!env->text_is_safe)
		return REASON_ENCODING;
	/* Only in UTF8 are the bytes of an unquoted name known not to be folded by a locale. */
	if (template->foreign_names &&
	    (!env->encoding_matches || !span_is_nocase(span_text(map_server_encoding(map)), "UTF8")))
		return REASON_ENCODING;
	if (template->unicode_names || map_nonstandard_catalog(map))
		return REASON_NAME_UNKNOWN;
	if (making->names_changed)
		return REASON_SEARCH_PATH;
	return REASON_KEY;
}

static bool setting_changes_names(const char *name)
{
	static const char *const names[] = { "all",
					     "search_path",
					     "role",
					     "session_authorization",
					     "client_encoding",
					     "standard_conforming_strings",
					     "transform_null_equals" };
	for (size_t i = 0; i < MEM_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* COMMIT and ROLLBACK take back what SET [LOCAL] did before this text. */
static bool changes_names(const struct statement *statement)
{
	switch (statement->cls) {
	case PART_COMMIT:
	case PART_ROLLBACK:
	case PART_ROLLBACK_TO:
	case PART_DISCARD:
	case PART_EXECUTE:
	case PART_DDL:
		return true;
	case PART_SET:
		for (size_t i = 0; i < statement->setting_count; i++)
			if (setting_changes_names(statement->settings[i].name))
				return true;
		return false;
	default:
		return (statement->effects & (EFFECT_NAMES | EFFECT_SETTINGS_UNKNOWN)) != 0;
	}
}

/* ---- what outlives the parse ---- */

static void copy_settings(struct making *making, const struct statement *statement, struct part *part)
{
	if (statement->setting_count == 0)
		return;
	struct part_setting *copies = ARENA_ARRAY(&making->plan->arena, statement->setting_count, struct part_setting);
	for (size_t i = 0; i < statement->setting_count; i++) {
		copies[i] = statement->settings[i];
		copies[i].name = copy_text(making, copies[i].name);
		copies[i].value = copy_text(making, copies[i].value);
	}
	part->settings = copies;
	part->setting_count = statement->setting_count;
}

static const char *copy_text(struct making *making, const char *text)
{
	return text ? arena_text(&making->plan->arena, span_text(text)) : NULL;
}
