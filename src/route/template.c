/* One pass of the lexer, which also counts how deep the text is nested: the grammar of
 * libpg_query must not be shown anything that would overrun its stack. */
#include "route/template.h"

#include "base/buf.h"
#include "base/mem.h"

/* The byte that stands for a literal. No token begins with such a byte, and inside quotes the
 * quotes around them tell them apart. */
static const char markers[] = {
	[TOKEN_INTEGER] = 1, [TOKEN_NUMERIC] = 2, [TOKEN_STRING] = 3,  [TOKEN_DOLLAR] = 3,
	[TOKEN_ESTRING] = 4, [TOKEN_USTRING] = 5, [TOKEN_NSTRING] = 6, [TOKEN_BITS] = 7,
};
enum { MARKER_MAX = 7 };

/* Nesting, as far as it has come in the current statement. */
struct nesting {
	size_t brackets, cases, nots, max;
};

static void add_slot(struct template *template, struct token token);
static bool nesting_fits(struct nesting *nesting, struct span token, enum token_kind kind);
static bool note_name(struct template *template, struct span token);

void template_init(struct template *template)
{
	*template = (struct template){ 0 };
}

void template_done(struct template *template)
{
	mem_free(template->bytes);
	mem_free(template->slots);
	template_init(template);
}

static void make_room(struct template *template, size_t len)
{
	if (template->room - template->len >= len)
		return;
	template->room = template->len + len + 256;
	template->bytes = mem_realloc(template->bytes, template->room);
}

static void template_clear(struct template *template, size_t text_len)
{
	struct template empty = { .bytes = template->bytes,
				  .room = template->room,
				  .slots = template->slots,
				  .slot_room = template->slot_room };
	*template = empty;
	make_room(template, text_len);
}

void template_read(struct template *template, struct span text, size_t max_depth)
{
	struct nesting nesting = { .max = max_depth };
	struct lexer lexer;
	size_t gap_from = 0;
	bool after_temp = false; /* the last token was pg_temp */
	lexer_init(&lexer, text);
	template_clear(template, text.len); /* no token becomes longer, and a gap is at least one byte */
	for (;;) {
		struct token token = lexer_next(&lexer);
		if (token.kind == TOKEN_END)
			return;
		if (token.kind == TOKEN_BAD) {
			template->trouble = TEMPLATE_BAD;
			return;
		}
		struct span bytes = span_of(text.ptr + token.start, token.end - token.start);
		if (!nesting_fits(&nesting, bytes, token.kind)) {
			template->trouble = TEMPLATE_TOO_DEEP;
			return;
		}
		if (token.start > gap_from && template->len != 0)
			template->bytes[template->len++] = ' ';
		gap_from = token.end;
		if ((size_t)token.kind < sizeof markers && markers[token.kind] != 0) {
			template->bytes[template->len++] = markers[token.kind];
			add_slot(template, token);
			continue;
		}
		memcpy(template->bytes + template->len, bytes.ptr, bytes.len);
		template->len += bytes.len;
		template->temp_names |= after_temp &&token.kind == TOKEN_SELF &&bytes.ptr[0] == '.';
		after_temp = (token.kind == TOKEN_WORD || token.kind == TOKEN_QUOTED) && note_name(template, bytes);
		template->unicode_names |= token.kind == TOKEN_UQUOTED;
		template->params |= token.kind == TOKEN_PARAM;
	}
}

void template_append(struct template *template, const void *bytes, size_t len)
{
	make_room(template, len);
	if (len != 0)
		memcpy(template->bytes + template->len, bytes, len);
	template->len += len;
}

long template_slot(const struct slot *slots, size_t count, size_t start)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slots[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && slots[low].start == start ? (long)low : -1;
}

void template_show(struct span template, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < template.len; i++) {
		if (template.ptr[i] < 1 || template.ptr[i] > MARKER_MAX)
			continue;
		buf_add(out, template.ptr + from, i - from);
		buf_add_text(out, "?");
		from = i + 1;
	}
	buf_add(out, template.ptr + from, template.len - from);
}

static void add_slot(struct template *template, struct token token)
{
	if (template->slot_count == template->slot_room) {
		template->slot_room = template->slot_room ? template->slot_room * 2 : 16;
		template->slots = mem_realloc(template->slots, template->slot_room * sizeof *template->slots);
	}
	template->slots[template->slot_count++] =
		(struct slot){ (uint32_t)token.start, (uint32_t)token.end, token.kind };
	template->odd_literals |= markers[token.kind] >= markers[TOKEN_ESTRING];
}

/* NOT counts without ever being taken back before the statement ends: "a || NOT b || NOT c"
 * nests without a bracket. */
static bool nesting_fits(struct nesting *nesting, struct span token, enum token_kind kind)
{
	char byte = token.ptr[0];
	if (kind == TOKEN_SELF && (byte == '(' || byte == '['))
		nesting->brackets++;
	else if (kind == TOKEN_SELF && (byte == ')' || byte == ']'))
		nesting->brackets -= nesting->brackets > 0;
	else if (kind == TOKEN_SELF && byte == ';' && nesting->brackets == 0)
		nesting->cases = nesting->nots = 0;
	else if (kind == TOKEN_WORD && token.len == 3 && span_is_nocase(token, "not"))
		nesting->nots++;
	else if (kind == TOKEN_WORD && token.len == 4 && span_is_nocase(token, "case"))
		nesting->cases++;
	else if (kind == TOKEN_WORD && token.len == 3 && span_is_nocase(token, "end"))
		nesting->cases -= nesting->cases > 0;
	else
		return true;
	return nesting->brackets + nesting->cases + nesting->nots / 4 <= nesting->max;
}

/* True for pg_temp, and for a session's own pg_temp_N. */
static bool note_name(struct template *template, struct span token)
{
	for (size_t i = 0; i < token.len && !template->foreign_names; i++)
		template->foreign_names = (unsigned char)token.ptr[i] >= 0x80;
	size_t quote = token.ptr[0] == '"';
	return token.len >= quote + 7 && span_is_nocase(span_of(token.ptr + quote, 7), "pg_temp");
}
