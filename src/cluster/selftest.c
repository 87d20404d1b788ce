/* Samples, what is asked of them, and the comparison. */
#include "cluster/selftest.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cluster/reading.h"
#include "route/key.h"

enum { SAMPLES = 64, SAMPLE_BYTES = 96, TEST_MODULUS = 999999937 };

enum kind {
	HASH_OF_TYPE, /* citus: the hash of a type */
	SHARD_OF_TABLE, /* citus: the ranges of a group */
	REMAINDER_OF_TABLE /* native: the remainder by a table's key */
};

struct test_case {
	enum kind kind;
	uint32_t type; /* HASH_OF_TYPE */
	const struct map_relation *relation; /* the others */
	char *failure; /* NULL: not answered, or passed */
	bool answered;
};

struct selftest {
	struct map *map;
	bool can_hash, can_place;
	struct test_case *cases;
	size_t count, room, at;
	struct buf signature, summary;
	unsigned value_count, not_asked; /* values that came out alike; groups that the server would not tell about */
	/* the case under way */
	struct statement statement;
	char *sql;
	char *arrays[MAP_MAX_KEYS + 1];
	char *expected[SAMPLES];
	unsigned sample_count;
};

/* The types whose hash is known here, by the names that a server knows them by. `samples` are what is particular
 * to the type; the rest are made by `make` from a counter. */
struct type {
	uint32_t oid;
	const char *name;
	void (*make)(char *text, size_t size, uint64_t random);
	const char *const *samples;
};

static void make_integer(char *text, size_t size, uint64_t random);
static void make_small(char *text, size_t size, uint64_t random);
static void make_big(char *text, size_t size, uint64_t random);
static void make_oid(char *text, size_t size, uint64_t random);
static void make_text(char *text, size_t size, uint64_t random);
static void make_uuid(char *text, size_t size, uint64_t random);
static void make_date(char *text, size_t size, uint64_t random);
static void make_time(char *text, size_t size, uint64_t random);
static void make_timestamp(char *text, size_t size, uint64_t random);
static void make_timestamptz(char *text, size_t size, uint64_t random);
static void make_letter(char *text, size_t size, uint64_t random);
static void make_bytea(char *text, size_t size, uint64_t random);
static void make_float(char *text, size_t size, uint64_t random);
static void make_bool(char *text, size_t size, uint64_t random);
static void make_numeric(char *text, size_t size, uint64_t random);
static void add_case(struct selftest *test, enum kind kind, uint32_t type, const struct map_relation *relation);
static void find_cases(struct selftest *test);
static void sign(struct selftest *test);
static void prepare(struct selftest *test);
static void clear_case(struct selftest *test);
static void summarise(struct selftest *test);

static const char *const small_samples[] = { "0", "-1", "1", "32767", "-32768", NULL };
static const char *const integer_samples[] = { "0", "-1", "1", "42", "2147483647", "-2147483648", NULL };
static const char *const big_samples[] = {
	"0", "-1", "1", "2147483648", "-2147483649", "4294967296", "9223372036854775807", "-9223372036854775808", NULL
};
static const char *const oid_samples[] = { "0", "1", "4294967295", "2147483648", NULL };
static const char *const text_samples[] = { "",        "a", " ", "ab ", "tenant-1", "Zoë", "日本", "\360\237\230\200",
					    "a\"b\\c", NULL };
static const char *const ascii_samples[] = { "", "a", " ", "tenant-1", "a\"b\\c", NULL };
static const char *const uuid_samples[] = { "00000000-0000-0000-0000-000000000000",
					    "ffffffff-ffff-ffff-ffff-ffffffffffff", NULL };
static const char *const date_samples[] = {
	"2000-01-01", "1999-12-31", "0001-01-01", "9999-12-31", "2024-02-29", NULL
};
static const char *const time_samples[] = { "00:00:00", "23:59:59.999999", "12:00:00", NULL };
static const char *const timestamp_samples[] = { "2000-01-01 00:00:00", "1999-12-31 23:59:59.999999",
						 "0001-01-01 00:00:00", "9999-12-31 23:59:59", NULL };
static const char *const timestamptz_samples[] = { "2000-01-01 00:00:00+00", "1999-12-31 23:59:59.999999-08",
						   "2024-03-31 02:30:00+05:30", NULL };
static const char *const bytea_samples[] = { "\\x", "\\x00", "\\xff00ff", NULL };
static const char *const float_samples[] = { "0", "-0", "1.5", "-1", "1e10", NULL };
static const char *const bool_samples[] = { "t", "f", NULL };
static const char *const letter_samples[] = { "a", "Z", "0", NULL };
static const char *const numeric_samples[] = {
	"0", "1.5", "1.50", "-1", "10000", "0.0001", "123456789012345678901234567890", NULL
};

static const struct type types[] = {
	{ TYPE_INT2, "int2", make_small, small_samples },
	{ TYPE_INT4, "int4", make_integer, integer_samples },
	{ TYPE_INT8, "int8", make_big, big_samples },
	{ TYPE_OID, "oid", make_oid, oid_samples },
	{ TYPE_TEXT, "text", make_text, text_samples },
	{ TYPE_VARCHAR, "varchar", make_text, text_samples },
	{ TYPE_BPCHAR, "bpchar", make_text, text_samples },
	{ TYPE_NAME, "name", make_text, ascii_samples },
	{ TYPE_UUID, "uuid", make_uuid, uuid_samples },
	{ TYPE_DATE, "date", make_date, date_samples },
	{ TYPE_TIME, "time", make_time, time_samples },
	{ TYPE_TIMESTAMP, "timestamp", make_timestamp, timestamp_samples },
	{ TYPE_TIMESTAMPTZ, "timestamptz", make_timestamptz, timestamptz_samples },
	{ TYPE_BOOL, "bool", make_bool, bool_samples },
	{ TYPE_CHAR, "\"char\"", make_letter, letter_samples },
	{ TYPE_BYTEA, "bytea", make_bytea, bytea_samples },
	{ TYPE_FLOAT4, "float4", make_float, float_samples },
	{ TYPE_FLOAT8, "float8", make_float, float_samples },
	{ TYPE_NUMERIC, "numeric", make_numeric, numeric_samples },
};

static const struct type *type_of(uint32_t oid)
{
	for (size_t i = 0; i < MEM_COUNT(types); i++)
		if (types[i].oid == oid)
			return &types[i];
	return NULL;
}

struct selftest *selftest_new(struct map *map, bool can_hash, bool can_place)
{
	struct selftest *test = MEM_NEW(struct selftest);
	*test = (struct selftest){ .map = map_ref(map), .can_hash = can_hash, .can_place = can_place };
	buf_init(&test->signature, 0);
	buf_init(&test->summary, 0);
	find_cases(test);
	sign(test);
	return test;
}

void selftest_free(struct selftest *test)
{
	if (test == NULL)
		return;
	clear_case(test);
	for (size_t i = 0; i < test->count; i++)
		mem_free(test->cases[i].failure);
	mem_free(test->cases);
	buf_done(&test->signature);
	buf_done(&test->summary);
	map_unref(test->map);
	mem_free(test);
}

const char *selftest_signature(const struct selftest *test)
{
	return buf_head(&test->signature);
}

const struct statement *selftest_next(struct selftest *test)
{
	if (test->at == test->count)
		return NULL;
	clear_case(test);
	prepare(test);
	return &test->statement;
}

void selftest_answer(struct selftest *test, const PGresult *rows, const char *why)
{
	struct test_case *c = &test->cases[test->at++];
	c->answered = true;
	if (rows == NULL && c->kind == SHARD_OF_TABLE) {
		/* Who may not read the table may not ask; the ranges are the metadata's own, and the hash is tested by itself. */
		test->not_asked++;
		return;
	}
	if (rows == NULL) {
		c->failure = mem_printf("the self-test could not be done: %s", why);
		return;
	}
	if ((unsigned)rows_of(rows) != test->sample_count)
		c->failure = mem_strdup("the self-test got another number of answers than it asked for");
	for (unsigned i = 0; i < test->sample_count && c->failure == NULL; i++)
		if (strcmp(cell(rows, (int)i, 1), test->expected[i]) != 0)
			c->failure = mem_printf("the self-test failed: for \"%.80s\" the server says %s, not %s",
						cell(rows, (int)i, 0), cell(rows, (int)i, 1), test->expected[i]);
	if (c->failure == NULL)
		test->value_count += test->sample_count;
}

bool selftest_passed(const struct selftest *test)
{
	for (size_t i = 0; i < test->count; i++)
		if (!test->cases[i].answered || test->cases[i].failure)
			return false;
	return true;
}

const char *selftest_summary(const struct selftest *test)
{
	summarise((struct selftest *)test);
	return buf_head(&test->summary);
}

const char *selftest_refuse(const void *arg, const struct map_relation *relation)
{
	const struct selftest *test = arg;
	for (size_t i = 0; i < test->count; i++) {
		const struct test_case *c = &test->cases[i];
		bool concerned = false;
		for (unsigned k = 0; k < relation->key_count; k++)
			concerned |=
				c->kind == HASH_OF_TYPE && relation->columns[relation->key_columns[k]].type == c->type;
		if (c->kind != HASH_OF_TYPE && relation->group)
			concerned = c->relation->group->id == relation->group->id;
		if (c->kind == REMAINDER_OF_TABLE && !concerned && relation->key_count == c->relation->key_count) {
			concerned = true;
			for (unsigned k = 0; k < relation->key_count; k++)
				concerned &= relation->columns[relation->key_columns[k]].type ==
					     c->relation->columns[c->relation->key_columns[k]].type;
		}
		if (concerned && c->failure)
			return c->failure;
		if (concerned && !c->answered)
			return "the self-test was not run";
	}
	return NULL;
}

/* --- what is to be tested --- */

static void add_case(struct selftest *test, enum kind kind, uint32_t type, const struct map_relation *relation)
{
	if (test->count == test->room) {
		test->room = test->room ? test->room * 2 : 8;
		test->cases = mem_realloc(test->cases, test->room * sizeof *test->cases);
	}
	test->cases[test->count++] = (struct test_case){ .kind = kind, .type = type, .relation = relation };
}

static bool same_key(const struct map_relation *a, const struct map_relation *b)
{
	if (a->key_count != b->key_count)
		return false;
	for (unsigned k = 0; k < a->key_count; k++)
		if (a->columns[a->key_columns[k]].type != b->columns[b->key_columns[k]].type)
			return false;
	return true;
}

/* The first relation of a group is the one that its shards were taken from. */
static void find_cases(struct selftest *test)
{
	bool *group_seen = mem_array(map_group_count(test->map) + 1, sizeof *group_seen);
	for (size_t i = 0; i < map_relation_count(test->map); i++) {
		const struct map_relation *relation = map_relation(test->map, i);
		if (relation->kind != MAP_RELATION_HASH || relation->why)
			continue;
		enum kind kind = map_kind(test->map) == MAP_CITUS ? HASH_OF_TYPE : REMAINDER_OF_TABLE;
		bool known = false;
		for (size_t j = 0; j < test->count && !known; j++) {
			const struct test_case *c = &test->cases[j];
			known = c->kind == kind &&
				(kind == HASH_OF_TYPE ? c->type == relation->columns[relation->key_columns[0]].type
						      : same_key(c->relation, relation));
		}
		if (!known)
			add_case(test, kind, relation->columns[relation->key_columns[0]].type, relation);
		if (kind != HASH_OF_TYPE || !test->can_place)
			continue;
		size_t group = 0;
		while (map_group(test->map, group) != relation->group)
			group++;
		if (!group_seen[group])
			add_case(test, SHARD_OF_TABLE, 0, relation);
		group_seen[group] = true;
	}
	mem_free(group_seen);
}

static void sign(struct selftest *test)
{
	struct buf *out = &test->signature;
	buf_add_printf(out, "%d%d", test->can_hash, test->can_place);
	for (size_t i = 0; i < test->count; i++) {
		const struct test_case *c = &test->cases[i];
		buf_add_printf(out, " %d", c->kind);
		if (c->kind == HASH_OF_TYPE) {
			buf_add_printf(out, ":%u", c->type);
			continue;
		}
		for (unsigned k = 0; k < c->relation->key_count; k++)
			buf_add_printf(out, ":%u", c->relation->columns[c->relation->key_columns[k]].type);
		for (size_t s = 0; c->kind == SHARD_OF_TABLE && s < c->relation->group->shard_count; s++)
			buf_add_printf(out, ",%lld:%d", (long long)c->relation->group->shards[s].id,
				       c->relation->group->shards[s].min);
	}
	buf_add_u8(out, 0);
}

/* --- samples --- */

/* SplitMix64 (Steele, Lea, Flood 2014): the same numbers each time, so that a failure can be seen again. */
static uint64_t random_of(uint64_t counter)
{
	uint64_t z = (counter + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static bool is_ascii(const char *text)
{
	while (*text && (*text & 0x80) == 0)
		text++;
	return *text == '\0';
}

/* Sample number `i` of a type, of which the first are the particular ones. */
static void sample_of(const struct selftest *test, const struct type *type, unsigned i, unsigned salt, char *text)
{
	const char *encoding = map_server_encoding(test->map);
	for (const char *const *sample = type->samples; *sample; sample++) {
		if (strcmp(encoding, "UTF8") != 0 && !is_ascii(*sample))
			continue; /* what the server makes of them depends on its encoding */
		if (i-- == 0) {
			snprintf(text, SAMPLE_BYTES, "%s", *sample);
			return;
		}
	}
	type->make(text, SAMPLE_BYTES, random_of((uint64_t)i * 131 + salt));
}

static void add_quoted(struct buf *array, const char *text)
{
	buf_add_u8(array, buf_held(array) == 0 ? '{' : ',');
	buf_add_u8(array, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_u8(array, '\\');
		buf_add_u8(array, (uint8_t)*text);
	}
	buf_add_u8(array, '"');
}

static char *end_array(struct buf *array)
{
	if (buf_held(array) == 0)
		buf_add_u8(array, '{');
	buf_add_text(array, "}");
	char *text = mem_strndup(buf_head(array), buf_held(array));
	buf_done(array);
	return text;
}

/* What is to be expected for these values, as text; NULL: nothing certain, so they are not asked. */
static char *expect(const struct selftest *test, const struct test_case *c, const struct key_value *values)
{
	switch (c->kind) {
	case HASH_OF_TYPE:
		return mem_printf("%d", key_hash_citus(&values[0]));
	case SHARD_OF_TABLE: {
		const struct map_shard *shard = map_find_shard(c->relation, values);
		return shard ? mem_printf("%lld", (long long)shard->id) : NULL;
	}
	case REMAINDER_OF_TABLE:
		return mem_printf("%u", key_remainder_native(values, c->relation->key_count, TEST_MODULUS));
	}
	(void)test;
	return NULL;
}

/* Fills arrays (an array of texts a key column) and expected with samples that are readable here. */
static void take_samples(struct selftest *test, const struct test_case *c, const struct type *const *of, unsigned count)
{
	struct buf arrays[MAP_MAX_KEYS];
	for (unsigned k = 0; k < count; k++)
		buf_init(&arrays[k], 0);
	for (unsigned i = 0; i < SAMPLES; i++) {
		char texts[MAP_MAX_KEYS][SAMPLE_BYTES];
		struct key_value values[MAP_MAX_KEYS];
		bool certain = true;
		for (unsigned k = 0; k < count && certain; k++) {
			sample_of(test, of[k], i, k * 7919, texts[k]);
			certain = key_from_text(&values[k], of[k]->oid, span_text(texts[k]));
		}
		char *expected = certain ? expect(test, c, values) : NULL;
		if (expected == NULL)
			continue;
		test->expected[test->sample_count++] = expected;
		for (unsigned k = 0; k < count; k++)
			add_quoted(&arrays[k], texts[k]);
	}
	for (unsigned k = 0; k < count; k++)
		test->arrays[k] = end_array(&arrays[k]);
}

/* Every statement gives a row a sample, in order: the sample, and what the server makes of it. hash_record() of a row
 * of one column is that column's hash. A remainder is not asked for but tried: the server is given what is
 * expected and says it back if it is right. */
static void prepare(struct selftest *test)
{
	const struct test_case *c = &test->cases[test->at];
	const struct type *of[MAP_MAX_KEYS] = { type_of(c->type) };
	unsigned count = c->kind == HASH_OF_TYPE ? 1 : c->relation->key_count;
	struct buf sql;
	buf_init(&sql, 0);
	for (unsigned k = 0; c->kind != HASH_OF_TYPE && k < count; k++)
		of[k] = type_of(c->relation->columns[c->relation->key_columns[k]].type);
	bool all_known = true;
	for (unsigned k = 0; k < count; k++)
		all_known &= of[k] != NULL;
	if (!all_known) {
		buf_add_text(&sql, "DO $$ BEGIN RAISE 'no samples of a key column''s type'; END $$");
	} else if (c->kind == REMAINDER_OF_TABLE) {
		take_samples(test, c, of, count);
		struct buf remainders;
		buf_init(&remainders, 0);
		for (unsigned i = 0; i < test->sample_count; i++)
			add_quoted(&remainders, test->expected[i]);
		test->arrays[count] = end_array(&remainders);
		buf_add_printf(&sql, "SELECT v0, CASE WHEN satisfies_hash_partition('%u'::oid, %d, r::int",
			       c->relation->oid, TEST_MODULUS);
		for (unsigned k = 0; k < count; k++)
			buf_add_printf(&sql, ", v%u::%s", k, of[k]->name);
		buf_add_text(&sql, ") THEN r ELSE 'another remainder' END FROM unnest(");
		for (unsigned k = 0; k <= count; k++)
			buf_add_printf(&sql, "%s$%u::text[]", k ? ", " : "", k + 1);
		buf_add_text(&sql, ") WITH ORDINALITY u(");
		for (unsigned k = 0; k < count; k++)
			buf_add_printf(&sql, "v%u, ", k);
		buf_add_text(&sql, "r, n) ORDER BY n");
		count++;
	} else {
		take_samples(test, c, of, count);
		if (c->kind == SHARD_OF_TABLE)
			buf_add_printf(&sql, "SELECT v, get_shard_id_for_distribution_column('%u'::regclass, v::%s)",
				       c->relation->oid, of[0]->name);
		else
			buf_add_printf(&sql, "SELECT v, %s::%s%s",
				       test->can_hash ? "worker_hash(v" : "hash_record(ROW(v", of[0]->name,
				       test->can_hash ? ")" : "))");
		buf_add_text(&sql, " FROM unnest($1::text[]) WITH ORDINALITY u(v, n) ORDER BY n");
	}
	test->sql = mem_strndup(buf_head(&sql), buf_held(&sql));
	buf_done(&sql);
	test->statement = (struct statement){ .sql = test->sql,
					      .params = (const char *const *)test->arrays,
					      .param_count = all_known ? (int)count : 0 };
}

static void clear_case(struct selftest *test)
{
	for (unsigned i = 0; i < test->sample_count; i++)
		mem_free(test->expected[i]);
	for (size_t i = 0; i < MEM_COUNT(test->arrays); i++) {
		mem_free(test->arrays[i]);
		test->arrays[i] = NULL;
	}
	mem_free(test->sql);
	test->sql = NULL;
	test->sample_count = 0;
}

static void summarise(struct selftest *test)
{
	buf_clear(&test->summary);
	const struct test_case *failed = NULL;
	for (size_t i = 0; i < test->count && failed == NULL; i++)
		if (test->cases[i].failure)
			failed = &test->cases[i];
	if (failed && failed->kind == HASH_OF_TYPE)
		buf_add_printf(&test->summary, "type %s: %s", type_of(failed->type) ? type_of(failed->type)->name : "?",
			       failed->failure);
	else if (failed)
		buf_add_printf(&test->summary, "table %s.%s: %s", failed->relation->schema, failed->relation->name,
			       failed->failure);
	else
		buf_add_printf(&test->summary, "ok (%u values)", test->value_count);
	if (failed == NULL && test->not_asked)
		buf_add_printf(&test->summary, ", but the ranges of %u groups could not be asked for", test->not_asked);
	buf_add_u8(&test->summary, 0);
}

/* --- makers of samples --- */

static void make_small(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%d", (int)(int16_t)random);
}

static void make_integer(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%d", (int)(int32_t)random);
}

static void make_big(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%lld", (long long)random);
}

static void make_oid(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%u", (unsigned)random);
}

static void make_text(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%.*s%llx", (int)(random % 40), "a long sample, longer than a few words, of text",
		 (unsigned long long)random);
}

static void make_uuid(char *text, size_t size, uint64_t random)
{
	uint64_t more = random_of(random);
	snprintf(text, size, "%08x-%04x-%04x-%04x-%012llx", (unsigned)random, (unsigned)(random >> 32 & 0xffff),
		 (unsigned)(random >> 48), (unsigned)(more & 0xffff), (unsigned long long)(more >> 16));
}

static void make_date(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%04u-%02u-%02u", (unsigned)(random % 3000 + 1), (unsigned)(random >> 16) % 12 + 1,
		 (unsigned)(random >> 24) % 28 + 1);
}

static void make_time(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%02u:%02u:%02u.%06u", (unsigned)(random % 24), (unsigned)(random >> 8) % 60,
		 (unsigned)(random >> 16) % 60, (unsigned)(random >> 32) % 1000000);
}

static void make_timestamp(char *text, size_t size, uint64_t random)
{
	char date[32], time[32];
	make_date(date, sizeof date, random_of(random));
	make_time(time, sizeof time, random);
	snprintf(text, size, "%s %s", date, time);
}

static void make_timestamptz(char *text, size_t size, uint64_t random)
{
	char timestamp[72];
	make_timestamp(timestamp, sizeof timestamp, random);
	snprintf(text, size, "%s+%02u", timestamp, (unsigned)(random >> 5) % 13);
}

static void make_letter(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%c", (char)('!' + random % 90));
}

static void make_bytea(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "\\x%016llx", (unsigned long long)random);
}

static void make_float(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%d.%u", (int)(random % 200000) - 100000, (unsigned)(random >> 40) % 4 * 25);
}

static void make_bool(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%s", random & 1 ? "true" : "false");
}

static void make_numeric(char *text, size_t size, uint64_t random)
{
	snprintf(text, size, "%lld.%02u", (long long)random >> 20, (unsigned)(random % 100));
}
