/* Fuzzes the router: any text, read under any environment and bound to any parameter, gives a
 * script and a decision; a cached answer equals a fresh one; a kept script equals the
 * one it was made of; nothing crashes, leaks or takes long. The first bytes choose the environment. */
#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
#include "route/router.h"
#include "route_map_small.h"

enum { HEAD_BYTES = 2 };

static const struct route_options options = {
	.route_functions = { "trusted", 7 }, .max_text_bytes = 20000, .max_depth = 60, .cache_bytes = 256 * 1024
};

static struct map *maps[2]; /* global: made once */
static struct router *shared_router; /* global: keeps its cache from input to input */

static void check_text(struct router *router, const struct route_env *env, struct span text, unsigned char types_from,
		       struct route_decision *decision);
static void check_parts(const struct script *script, struct span text, const struct route_param *params,
			unsigned count);
static void check_equal(struct route_decision a, struct route_decision b);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const paths[] = { "public", "\"$user\", public", "s2, public", NULL };
	if (len < HEAD_BYTES)
		return 0;
	if (shared_router == NULL) {
		maps[0] = small_citus_map();
		maps[1] = small_native_map();
		shared_router = router_new(&options);
	}
	struct route_env env = { .map = bytes[0] & 1 ? maps[0] : maps[1],
				 .role = span_text("joe"),
				 .search_path = paths[bytes[0] >> 1 & 3],
				 .text_is_safe = (bytes[0] & 24) != 24,
				 .encoding_matches = (bytes[0] & 96) != 96 };
	struct span text = span_of((const char *)bytes + HEAD_BYTES, len - HEAD_BYTES);
	struct route_decision first, again, fresh;
	struct router *router = router_new(&options);
	check_text(shared_router, &env, text, bytes[1], &first);
	check_text(shared_router, &env, text, bytes[1], &again);
	check_text(router, &env, text, bytes[1], &fresh);
	check_equal(first, again);
	check_equal(first, fresh);
	router_free(router);
	return 0;
}

static void check_text(struct router *router, const struct route_env *env, struct span text, unsigned char types_from,
		       struct route_decision *decision)
{
	static const uint32_t some_types[] = { 0,         TYPE_INT4,    TYPE_INT8,    TYPE_TEXT,
					       TYPE_UUID, TYPE_UNKNOWN, TYPE_NUMERIC, SMALL_OID_MOOD };
	uint32_t types[] = { some_types[types_from & 7], some_types[types_from >> 3 & 7] };
	struct route_param params[] = { { .bytes = span_of("\0\0\0\0\0\0\0\52", 8), .binary = types_from >> 6 & 1 },
					{ .bytes = span_text("17"), .null = types_from >> 7 } };
	const struct script *script = router_read(router, env, text, types, 2);
	check_parts(script, text, params, 2);
	*decision = route_script(script, params, 2);
	router_count(router, script, decision);
	struct script *kept = router_keep(router, script, text);
	check_equal(*decision, route_script(kept, params, 2));
	router_drop(kept);
}

static void check_parts(const struct script *script, struct span text, const struct route_param *params, unsigned count)
{
	struct buf out;
	buf_init(&out, 0);
	route_explain_template(script, &out);
	FUZZ_CHECK(script->understood || script->part_count == 1);
	for (size_t i = 0; i < script->part_count; i++) {
		const struct part *part = &script->parts[i];
		struct route_decision decision = route_part(script, i, params, count);
		FUZZ_CHECK((decision.kind == ROUTE_NODE) == (decision.shard != NULL));
		FUZZ_CHECK((decision.kind == ROUTE_NODE) == (decision.reason == REASON_KEY));
		/* Only what is wholly understood, and leaves nothing behind but rows, leaves the coordinator. */
		if (decision.kind == ROUTE_NODE)
			FUZZ_CHECK(part->recipe != NULL && (part->effects & EFFECT_NAMES) == 0 &&
				   part->pin == PIN_NONE);
		if (part->body.ptr != NULL)
			FUZZ_CHECK(part->body.ptr >= text.ptr &&
				   part->body.ptr + part->body.len <= text.ptr + text.len);
		for (size_t j = 0; j < part->setting_count; j++)
			FUZZ_CHECK(part->settings[j].name != NULL);
		route_explain_tables(script, i, &out);
		route_explain_key(script, i, params, count, &out);
	}
	buf_done(&out);
}

static void check_equal(struct route_decision a, struct route_decision b)
{
	FUZZ_CHECK(a.kind == b.kind && a.node == b.node && a.reason == b.reason && a.shard == b.shard);
}
