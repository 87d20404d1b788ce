/* The rows as an array, and one reader and printer a kind. */
#include "conf/schema.h"

#include "base/mem.h"

/* ---- the rows */

#define WORD_VERDICT_FINE SCHEMA_FINE
#define WORD_VERDICT_WARN SCHEMA_WARN
#define WORD_VERDICT_REFUSE SCHEMA_REFUSE
#define WORD_ROW(symbol, text, verdict_token, reason)                                                                  \
	[symbol] = { .word = text, .verdict = WORD_VERDICT_##verdict_token, .why = reason },
#define WORD_TABLE(tag, WORDS) static const struct schema_word tag##_words[] = { WORDS(WORD_ROW) };
SETTING_ENUMS(WORD_TABLE)

/* A hundred years: more is a slip of the pen, and sums of times must not overflow. */
#define TIME_MAX_US (INT64_C(36500) * 24 * 3600 * 1000000)

#define LIMITS_PAIR(least, most) .min = least, .max = most
#define LIMITS_BOOL(of)
#define LIMITS_INT(of) LIMITS_PAIR of
#define LIMITS_OCTAL(of) LIMITS_PAIR of
#define LIMITS_BYTES(of) LIMITS_PAIR of
#define LIMITS_TIME(of) .min = of + 0, .max = TIME_MAX_US
#define LIMITS_TIME_MS(of) LIMITS_TIME(of)
#define LIMITS_STRING(of)
#define LIMITS_SECRET(of)
#define LIMITS_LIST(of)
#define LIMITS_ENUM(of) .words = of##_words, .word_count = MEM_COUNT(of##_words)

#define MEMBER_BOOL(name) name
#define MEMBER_INT(name) name
#define MEMBER_OCTAL(name) name
#define MEMBER_BYTES(name) name##_bytes
#define MEMBER_TIME(name) name##_us
#define MEMBER_TIME_MS(name) name##_us
#define MEMBER_STRING(name) name
#define MEMBER_SECRET(name) name
#define MEMBER_LIST(name) name
#define MEMBER_ENUM(name) name

#define STATUS_WORKS SCHEMA_WORKS, .why = ""
#define STATUS_LATER(reason) SCHEMA_LATER, .why = reason
#define STATUS_NOWHERE(reason) SCHEMA_NOWHERE, .why = reason
#define STATUS_NOT_YET STATUS_LATER("not supported yet")
#define STATUS_NOT_YET_TLS STATUS_LATER("TLS is not supported yet")
#define STATUS_NOT_YET_DNS STATUS_LATER("look-ups go by the system's rules for now")

#define WHEN_RELOAD true
#define WHEN_START false

/* The offset of a field that the row's scope gives the struct, else 0. */
#define OFFSET_GLOBAL(scope, member) (0 SETTING_IF_GLOBAL_##scope(+offsetof(struct settings, member)))
#define OFFSET_DATABASE(scope, member) (0 SETTING_IF_DATABASE_##scope(+offsetof(struct database_settings, member)))
#define OFFSET_USER(scope, member) (0 SETTING_IF_USER_##scope(+offsetof(struct user_settings, member)))
#define SCOPES(scope)                                                                                                  \
	(0 SETTING_IF_GLOBAL_##scope(| SCHEMA_GLOBAL) SETTING_IF_DATABASE_##scope(| SCHEMA_DATABASE)                   \
		 SETTING_IF_USER_##scope(| SCHEMA_USER))

#define ROW(kind_, name_, def, scope, when, status_, of, help_)                                                        \
	{ .kind = SCHEMA_##kind_,                                                                                      \
	  .name = #name_,                                                                                              \
	  .default_text = def,                                                                                         \
	  .help = help_,                                                                                               \
	  .scopes = SCOPES(scope),                                                                                     \
	  .at_reload = WHEN_##when,                                                                                    \
	  .status = STATUS_##status_,                                                                                  \
	  .global_at = OFFSET_GLOBAL(scope, MEMBER_##kind_(name_)),                                                    \
	  .database_at = OFFSET_DATABASE(scope, MEMBER_##kind_(name_)),                                                \
	  .user_at = OFFSET_USER(scope, MEMBER_##kind_(name_)),                                                        \
	  LIMITS_##kind_(of) },

const struct schema_row schema_rows[SCHEMA_ROW_COUNT] = { SETTING_ROWS(ROW) DATABASE_ROWS(ROW) };

static const struct alias {
	unsigned scopes;
	const char *alias, *name;
} aliases[] = {
#define ALIAS(scope, from, to) { SCOPES(scope), from, to },
	SETTING_ALIASES(ALIAS)
#undef ALIAS
};

/* ---- amounts with units */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit time_units[] = {
	{ "d", INT64_C(24) * 3600 * 1000000 },
	{ "h", INT64_C(3600) * 1000000 },
	{ "min", INT64_C(60) * 1000000 },
	{ "s", 1000000 },
	{ "ms", 1000 },
	{ "us", 1 },
	{ NULL },
};

static const struct unit byte_units[] = {
	{ "GB", INT64_C(1) << 30 }, { "MB", INT64_C(1) << 20 }, { "kB", INT64_C(1) << 10 }, { "B", 1 }, { NULL },
};

/* What the bare numbers of a kind are in, and its units, largest first. */
static const struct amount {
	const struct unit *units;
	int64_t bare;
	const char *what, *like;
} amounts[] = {
	[SCHEMA_BYTES] = { byte_units, 1, "size", "64kB" },
	[SCHEMA_TIME] = { time_units, 1000000, "time", "10s, 500ms or 5min" },
	[SCHEMA_TIME_MS] = { time_units, 1000, "time", "10s, 500ms or 5min" },
};

static bool read_bool(struct span text, bool *value);
static bool read_octal(struct span text, int64_t max, unsigned *value);
static bool read_amount(const struct schema_row *row, struct span text, int64_t *value);
static struct setting_list read_list(struct span text, struct keep *keep);
static enum schema_verdict read_word(const struct schema_row *row, struct span text, unsigned *value,
				     struct buf *message);
static enum schema_verdict refuse(const struct schema_row *row, struct span text, struct buf *message);
static void print_amount(const struct schema_row *row, int64_t value, bool with_unit, struct buf *out);
static void print_limits(const struct schema_row *row, struct buf *out);
static void print_list(const struct setting_list *list, struct buf *out);
static size_t distance(struct span a, struct span b);
static size_t field_size(const struct schema_row *row);

enum { SHOWN_BYTES = 80, NAME_BYTES = 64 };

/* ---- finding */

const struct schema_row *schema_find(enum schema_scope scope, struct span name)
{
	for (size_t i = 0; i < MEM_COUNT(aliases); i++)
		if ((aliases[i].scopes & scope) && span_is(name, aliases[i].alias))
			name = span_text(aliases[i].name);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++)
		if ((schema_rows[i].scopes & scope) && span_is(name, schema_rows[i].name))
			return &schema_rows[i];
	return NULL;
}

const char *schema_nearest(enum schema_scope scope, struct span name)
{
	const char *nearest = NULL;
	size_t least = name.len / 4 + 1; /* one slip in four letters, and one for free */
	if (name.len > NAME_BYTES)
		return NULL;
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		if (!(schema_rows[i].scopes & scope))
			continue;
		size_t far = distance(name, span_text(schema_rows[i].name));
		if (far < least || (far == least && nearest == NULL)) {
			least = far;
			nearest = schema_rows[i].name;
		}
	}
	return nearest;
}

/* Levenshtein's edit distance, one row of the matrix at a time. */
static size_t distance(struct span a, struct span b)
{
	size_t row[NAME_BYTES + 1];
	if (b.len > NAME_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

/* ---- reading */

enum schema_verdict schema_read(const struct schema_row *row, struct span text, struct keep *keep, void *field,
				struct buf *message)
{
	long long number;
	bool good = true;
	switch (row->kind) {
	case SCHEMA_BOOL:
		good = read_bool(text, field);
		break;
	case SCHEMA_INT:
		good = span_to_int(text, row->min, row->max, &number);
		if (good)
			*(int *)field = (int)number;
		break;
	case SCHEMA_OCTAL:
		good = read_octal(text, row->max, field);
		break;
	case SCHEMA_BYTES:
	case SCHEMA_TIME:
	case SCHEMA_TIME_MS:
		good = read_amount(row, text, field);
		break;
	case SCHEMA_STRING:
	case SCHEMA_SECRET:
		*(const char **)field = keep_text(keep, text);
		break;
	case SCHEMA_LIST:
		*(struct setting_list *)field = read_list(text, keep);
		break;
	case SCHEMA_ENUM:
		return read_word(row, text, field, message);
	}
	return good ? SCHEMA_FINE : refuse(row, text, message);
}

static void say_value(const struct schema_row *row, struct span text, struct buf *message)
{
	buf_add_printf(message, "%s = %.*s%s: ", row->name, (int)(text.len < SHOWN_BYTES ? text.len : SHOWN_BYTES),
		       text.ptr, text.len < SHOWN_BYTES ? "" : "...");
}

static enum schema_verdict refuse(const struct schema_row *row, struct span text, struct buf *message)
{
	say_value(row, text, message);
	print_limits(row, message);
	return SCHEMA_REFUSE;
}

static void print_limits(const struct schema_row *row, struct buf *out)
{
	switch (row->kind) {
	case SCHEMA_BOOL:
		buf_add_text(out, "not a switch: write on or off (1 or 0)");
		break;
	case SCHEMA_INT:
		buf_add_printf(out, "not a number in bounds: write a whole number from %lld to %lld",
			       (long long)row->min, (long long)row->max);
		break;
	case SCHEMA_OCTAL:
		buf_add_printf(out, "not an octal number in bounds: write one from %llo to %llo",
			       (unsigned long long)row->min, (unsigned long long)row->max);
		break;
	case SCHEMA_BYTES:
	case SCHEMA_TIME:
	case SCHEMA_TIME_MS:
		buf_add_printf(out, "not a %s in bounds: write one from ", amounts[row->kind].what);
		print_amount(row, row->min, true, out);
		buf_add_text(out, " to ");
		print_amount(row, row->max, true, out);
		buf_add_printf(out, ", like %s", amounts[row->kind].like);
		break;
	default:
		buf_add_text(out, "not a value of this setting");
	}
}

static bool read_bool(struct span text, bool *value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "1", true },  { "on", true },   { "yes", true }, { "true", true },
		      { "0", false }, { "off", false }, { "no", false }, { "false", false } };
	for (size_t i = 0; i < MEM_COUNT(words); i++) {
		if (span_is_nocase(text, words[i].word)) {
			*value = words[i].value;
			return true;
		}
	}
	return false;
}

static bool read_octal(struct span text, int64_t max, unsigned *value)
{
	unsigned sum = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			return false;
		sum = sum * 8 + (unsigned)(text.ptr[i] - '0');
		if (sum > max)
			return false;
	}
	*value = sum;
	return text.len > 0;
}

/* digits [. digits] [blanks] [unit]; fractions are cut below the field's unit. */
static bool read_amount(const struct schema_row *row, struct span text, int64_t *value)
{
	const struct amount *amount = &amounts[row->kind];
	__int128 scaled = 0, scale = 1;
	bool behind_point = false, any = false;
	size_t i = 0;
	for (; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '.' && !behind_point && any) {
			behind_point = true;
		} else if (c >= '0' && c <= '9') {
			any = true;
			scaled = scaled * 10 + (c - '0');
			scale *= behind_point ? 10 : 1;
			if (scaled > INT64_MAX || scale > INT64_MAX)
				return false;
		} else {
			break;
		}
	}
	if (!any || text.ptr[i - 1] == '.')
		return false;
	struct span unit = span_trim(span_of(text.ptr + i, text.len - i));
	int64_t factor = unit.len ? 0 : amount->bare;
	for (const struct unit *it = amount->units; it->name && factor == 0; it++)
		if (span_is(unit, it->name))
			factor = it->factor;
	/* 127 bits hold the product of two of 63; more than nothing must not become 0, which often means no limit. */
	__int128 sum = scaled * factor / scale;
	if (factor == 0 || sum < row->min || sum > row->max || (sum == 0 && scaled != 0))
		return false;
	*value = (int64_t)sum;
	return true;
}

static struct setting_list read_list(struct span text, struct keep *keep)
{
	struct setting_list list = { 0 };
	size_t most = 1;
	for (size_t i = 0; i < text.len; i++)
		most += text.ptr[i] == ',';
	const char **words = keep_bytes(keep, most * sizeof *words);
	while (text.len) {
		struct span word = span_trim(span_split(&text, ','));
		if (word.len)
			words[list.count++] = keep_text(keep, word);
	}
	list.words = words;
	return list;
}

static enum schema_verdict read_word(const struct schema_row *row, struct span text, unsigned *value,
				     struct buf *message)
{
	for (unsigned i = 0; i < row->word_count; i++) {
		const struct schema_word *word = &row->words[i];
		if (!span_is_nocase(text, word->word))
			continue;
		if (word->verdict != SCHEMA_FINE)
			buf_add_printf(message, "%s = %s: %s", row->name, word->word, word->why);
		if (word->verdict != SCHEMA_REFUSE)
			*value = i;
		return word->verdict;
	}
	say_value(row, text, message);
	buf_add_text(message, "not one of its words: write ");
	const char *between = "";
	for (unsigned i = 0; i < row->word_count; i++) {
		if (row->words[i].verdict == SCHEMA_REFUSE)
			continue;
		buf_add_printf(message, "%s%s", between, row->words[i].word);
		between = ", ";
	}
	return SCHEMA_REFUSE;
}

/* ---- printing */

void schema_print(const struct schema_row *row, const void *field, struct buf *out)
{
	size_t len = strlen(row->default_text);
	char last = len ? row->default_text[len - 1] : '0';
	bool bare = last >= '0' && last <= '9'; /* the manner of the default */
	switch (row->kind) {
	case SCHEMA_BOOL:
		buf_add_text(out, *(const bool *)field ? (bare ? "1" : "on") : (bare ? "0" : "off"));
		break;
	case SCHEMA_INT:
		buf_add_printf(out, "%d", *(const int *)field);
		break;
	case SCHEMA_OCTAL:
		buf_add_printf(out, "0%03o", *(const unsigned *)field);
		break;
	case SCHEMA_BYTES:
	case SCHEMA_TIME:
	case SCHEMA_TIME_MS:
		print_amount(row, *(const int64_t *)field, !bare, out);
		break;
	case SCHEMA_STRING:
		buf_add_text(out, *(const char *const *)field);
		break;
	case SCHEMA_SECRET:
		buf_add_text(out, **(const char *const *)field ? "****" : "");
		break;
	case SCHEMA_LIST:
		print_list(field, out);
		break;
	case SCHEMA_ENUM:
		buf_add_text(out, row->words[*(const unsigned *)field].word);
		break;
	}
}

static void print_amount(const struct schema_row *row, int64_t value, bool with_unit, struct buf *out)
{
	const struct amount *amount = &amounts[row->kind];
	if (with_unit && value) {
		const struct unit *unit = amount->units;
		while (value % unit->factor)
			unit++;
		buf_add_printf(out, "%lld%s", (long long)(value / unit->factor), unit->name);
		return;
	}
	buf_add_printf(out, "%lld", (long long)(value / amount->bare));
	/* What is left, digit by digit, without zeros at the end. */
	int64_t left = value % amount->bare;
	if (left)
		buf_add_text(out, ".");
	for (int64_t digit = amount->bare / 10; left; left %= digit, digit /= 10)
		buf_add_printf(out, "%d", (int)(left / digit));
}

static void print_list(const struct setting_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_add_printf(out, "%s%s", i ? "," : "", list->words[i]);
}

/* ---- fields */

void schema_copy(const struct schema_row *row, void *to, const void *from)
{
	memcpy(to, from, field_size(row));
}

bool schema_equal(const struct schema_row *row, const void *a, const void *b)
{
	const struct setting_list *list_a = a, *list_b = b;
	switch (row->kind) {
	case SCHEMA_STRING:
	case SCHEMA_SECRET:
		return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
	case SCHEMA_LIST:
		for (size_t i = 0; i < list_a->count && i < list_b->count; i++)
			if (strcmp(list_a->words[i], list_b->words[i]) != 0)
				return false;
		return list_a->count == list_b->count;
	default:
		return memcmp(a, b, field_size(row)) == 0;
	}
}

static size_t field_size(const struct schema_row *row)
{
	static const size_t sizes[] = {
		[SCHEMA_BOOL] = sizeof(bool),
		[SCHEMA_INT] = sizeof(int),
		[SCHEMA_OCTAL] = sizeof(unsigned),
		[SCHEMA_BYTES] = sizeof(int64_t),
		[SCHEMA_TIME] = sizeof(int64_t),
		[SCHEMA_TIME_MS] = sizeof(int64_t),
		[SCHEMA_STRING] = sizeof(const char *),
		[SCHEMA_SECRET] = sizeof(const char *),
		[SCHEMA_LIST] = sizeof(struct setting_list),
		[SCHEMA_ENUM] = sizeof(enum pool_mode),
	};
	return sizes[row->kind];
}

/* ---- words */

#define WORD_TEXT(tag, WORDS)                                                                                          \
	const char *tag##_text(enum tag value)                                                                         \
	{                                                                                                              \
		return tag##_words[value].word;                                                                        \
	}
SETTING_ENUMS(WORD_TEXT)
