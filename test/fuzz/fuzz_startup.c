/* Fuzzes the first packet: whole and in every piece, it is asked for more until it is
 * there, then taken or refused the same; what is taken is within its size. */
#include "base/mem.h"
#include "fuzz.h"
#include "wire/proto.h"

static void check_parameters(struct span parameters)
{
	struct span name, value, rest = parameters;
	size_t sum = 0;
	while (wire_next_parameter(&rest, &name, &value)) {
		FUZZ_CHECK(name.len && name.ptr[name.len] == '\0' && value.ptr[value.len] == '\0');
		sum += name.len + value.len + 2;
	}
	FUZZ_CHECK(sum == parameters.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span whole = span_of((const char *)bytes, len);
	struct startup startup = { 0 }, cut = { 0 };
	size_t total = 0, cut_total = 0;
	const char *why = NULL;
	enum wire_result result = wire_read_startup(whole, &startup, &total, &why);
	if (result == WIRE_OK) {
		FUZZ_CHECK(total >= 8 && total <= len && total <= WIRE_MAX_STARTUP_BYTES);
		FUZZ_CHECK(startup.kind != STARTUP_SESSION || startup.protocol >> 16 == 3);
		FUZZ_CHECK(startup.kind != STARTUP_CANCEL || startup.cancel_key.len >= 4);
		if (startup.kind == STARTUP_SESSION)
			check_parameters(startup.parameters);
	}
	FUZZ_CHECK(result != WIRE_BAD || why);
	/* A shorter piece is never judged otherwise than the whole. */
	for (size_t piece = 0; piece < len; piece++) {
		char *copy = mem_alloc(piece);
		memcpy(copy, bytes, piece);
		enum wire_result got = wire_read_startup(span_of(copy, piece), &cut, &cut_total, &why);
		FUZZ_CHECK(got == WIRE_MORE || got == result);
		FUZZ_CHECK(got != WIRE_OK || cut_total == total);
		FUZZ_CHECK(result != WIRE_OK || (got == WIRE_OK) == (piece >= total));
		mem_free(copy);
		if (got != WIRE_MORE)
			break;
	}
	return 0;
}
