/* Fuzzes the readers of protocol v3: nothing is read beyond what is there, what is
 * accepted adds up, and what was written is read back.
 *
 *    byte 0   what follows is: see `targets` */
#include "base/mem.h"
#include "fuzz.h"
#include "wire/proto.h"

static void fuzz_stream(struct span bytes);
static void fuzz_reader(struct span bytes);
static void fuzz_bind(struct span bytes);
static void fuzz_error(struct span bytes);
static void fuzz_writers(struct span bytes);

static void (*const targets[])(struct span) = { fuzz_stream, fuzz_reader, fuzz_bind, fuzz_error, fuzz_writers };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len)
		targets[bytes[0] % MEM_COUNT(targets)](span_of((const char *)bytes + 1, len - 1));
	return 0;
}

static bool within(struct span part, struct span whole)
{
	return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* Head after head, as a peer's stream is read. */
static void fuzz_stream(struct span bytes)
{
	struct wire_head head;
	while (wire_read_head(bytes, &head) == WIRE_OK) {
		FUZZ_CHECK(head.total >= WIRE_HEAD_BYTES && head.total <= (size_t)WIRE_MAX_MESSAGE_BYTES + 1);
		FUZZ_CHECK(head.type == bytes.ptr[0]);
		if (head.total > bytes.len)
			break;
		bytes = span_of(bytes.ptr + head.total, bytes.len - head.total);
	}
}

/* Each byte says what to read next. */
static void fuzz_reader(struct span bytes)
{
	struct wire_reader r = wire_reader_of(bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		bool failed = r.failed;
		size_t before = r.rest.len;
		uint8_t what = (uint8_t)bytes.ptr[i];
		struct span got = { NULL, 0 };
		switch (what % 5) {
		case 0:
			wire_read_u8(&r);
			break;
		case 1:
			wire_read_u16(&r);
			break;
		case 2:
			wire_read_u32(&r);
			break;
		case 3:
			got = wire_read_text(&r);
			FUZZ_CHECK(memchr(got.ptr, '\0', got.len) == NULL || got.len == 0);
			break;
		default:
			got = wire_read_bytes(&r, what / 5);
		}
		FUZZ_CHECK(r.failed || within(got, bytes));
		FUZZ_CHECK(!failed || (r.failed && got.len == 0 && r.rest.len == before));
		FUZZ_CHECK(r.rest.len <= before && within(r.rest, bytes));
		FUZZ_CHECK(!(wire_read_done(&r) && r.rest.len));
	}
}

static void fuzz_bind(struct span bytes)
{
	struct wire_bind bind;
	if (!wire_read_bind(bytes, &bind))
		return;
	FUZZ_CHECK(within(bind.portal, bytes) && within(bind.statement, bytes) && within(bind.params, bytes));
	struct span rest = bind.params;
	size_t sum = 0;
	for (unsigned i = 0; i < bind.param_count; i++) {
		bool null;
		struct span value = wire_next_param(&rest, &null);
		FUZZ_CHECK(within(value, bind.params) && (!null || value.len == 0));
		sum += 4 + value.len;
		wire_param_binary(&bind, i);
	}
	FUZZ_CHECK(rest.len == 0 && sum == bind.params.len);
	FUZZ_CHECK(bind.portal.len + bind.statement.len + 2 + 6 + 2 * (bind.format_count + bind.result_format_count) +
			   sum ==
		   bytes.len);
}

static void fuzz_error(struct span bytes)
{
	for (int field = 0; field < 256; field++) {
		struct span text = wire_error_field(bytes, (char)field);
		FUZZ_CHECK(text.ptr && text.ptr[text.len] == '\0' && strlen(text.ptr) == text.len);
	}
}

/* A message made of these bytes is read back as it was. */
static void fuzz_writers(struct span bytes)
{
	struct span rest = bytes, name = span_split(&rest, '\0'), value = span_split(&rest, '\0');
	struct buf b;
	struct wire_head head;
	buf_init(&b, 0);
	wire_add_parameter(&b, name, value);
	FUZZ_CHECK(wire_read_head(buf_span(&b), &head) == WIRE_OK && head.total == buf_held(&b));
	struct wire_reader r = wire_reader_of(span_of(buf_head(&b) + WIRE_HEAD_BYTES, buf_held(&b) - WIRE_HEAD_BYTES));
	FUZZ_CHECK(span_equal(wire_read_text(&r), name) && span_equal(wire_read_text(&r), value) && wire_read_done(&r));
	buf_clear(&b);
	char *text = mem_strndup(name.ptr, name.len);
	struct span values[2] = { value, rest };
	wire_add_bind(&b, text, values, 2);
	struct wire_bind bind;
	bool null;
	FUZZ_CHECK(wire_read_head(buf_span(&b), &head) == WIRE_OK && head.total == buf_held(&b));
	FUZZ_CHECK(wire_read_bind(span_of(buf_head(&b) + WIRE_HEAD_BYTES, buf_held(&b) - WIRE_HEAD_BYTES), &bind));
	FUZZ_CHECK(span_equal(bind.statement, name) && bind.param_count == 2);
	FUZZ_CHECK(span_equal(wire_next_param(&bind.params, &null), value) && !null);
	FUZZ_CHECK(span_equal(wire_next_param(&bind.params, &null), rest) && !null);
	buf_clear(&b);
	wire_add_error(&b, 'E', &(struct wire_error){ "ERROR", "XX000", text, NULL, text });
	struct span body = span_of(buf_head(&b) + WIRE_HEAD_BYTES, buf_held(&b) - WIRE_HEAD_BYTES);
	FUZZ_CHECK(span_equal(wire_error_field(body, 'M'), name) && wire_error_field(body, 'D').len == 0);
	mem_free(text);
	buf_done(&b);
}
