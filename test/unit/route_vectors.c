/* Compares our hashes with those that a server gave.
 *
 *    route_vectors citus  FILE.csv     type,value,worker_hash(value::type)
 *    route_vectors native FILE.csv     type,value,remainder
 *    route_vectors multi  FILE.csv     bigint value,text value,remainder
 *
 * Remainders are of PARTITION BY HASH with modulus 16. Prints a line for each
 * difference, counts by type, and last `N equal, N declined, N different`. Exit: 0 = nothing
 * different, 1 = something is, 2 = the file (or the command line) could not be read. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"
#include "route/key.h"

enum { MODULUS = 16, FIELDS = 3, MAX_TYPES = 256, MAX_TYPE_NAME = 64 };
enum { EXIT_DIFFERENT = 1, EXIT_UNREADABLE = 2 };

enum outcome { EQUAL, DECLINED, DIFFERENT, OUTCOMES };

struct type_name {
	const char *name;
	uint32_t oid;
};

static const struct type_name type_names[] = {
	{ "int2", TYPE_INT2 },
	{ "smallint", TYPE_INT2 },
	{ "int4", TYPE_INT4 },
	{ "int", TYPE_INT4 },
	{ "integer", TYPE_INT4 },
	{ "int8", TYPE_INT8 },
	{ "bigint", TYPE_INT8 },
	{ "text", TYPE_TEXT },
	{ "varchar", TYPE_VARCHAR },
	{ "character varying", TYPE_VARCHAR },
	{ "uuid", TYPE_UUID },
	{ "date", TYPE_DATE },
	{ "timestamp", TYPE_TIMESTAMP },
	{ "timestamp without time zone", TYPE_TIMESTAMP },
	{ "timestamptz", TYPE_TIMESTAMPTZ },
	{ "timestamp with time zone", TYPE_TIMESTAMPTZ },
	{ "time", TYPE_TIME },
	{ "time without time zone", TYPE_TIME },
	{ "bool", TYPE_BOOL },
	{ "boolean", TYPE_BOOL },
	{ "bytea", TYPE_BYTEA },
	{ "\"char\"", TYPE_CHAR },
	{ "name", TYPE_NAME },
	{ "oid", TYPE_OID },
	{ "bpchar", TYPE_BPCHAR },
	{ "float4", TYPE_FLOAT4 },
	{ "real", TYPE_FLOAT4 },
	{ "float8", TYPE_FLOAT8 },
	{ "double precision", TYPE_FLOAT8 },
};

struct tally {
	char type[MAX_TYPE_NAME];
	unsigned long count[OUTCOMES];
};

struct csv {
	char *bytes; /* owned; quoted fields are unquoted in place */
	size_t len, at;
	unsigned long line;
};

struct row {
	struct span field[FIELDS];
	unsigned long line;
};

/* One row's values, hashed as the mode says; false = declined. */
typedef bool (*row_hash)(const struct row *row, long long *hash);

static bool hash_citus(const struct row *row, long long *hash);
static bool hash_native(const struct row *row, long long *hash);
static bool hash_multi(const struct row *row, long long *hash);
static bool read_file(const char *path, struct csv *csv);
static bool read_row(struct csv *csv, struct row *row);
static bool read_field(struct csv *csv, struct span *field);
static bool read_quoted(struct csv *csv, struct span *field);
static bool end_of_row(struct csv *csv);
static struct tally *tally_of(struct tally *tallies, struct span type);
static void compare(const struct row *row, row_hash hash_row, struct tally *tally);
static void complain(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		row_hash hash;
		const char *type; /* NULL: the first field names it */
	} modes[] = { { "citus", hash_citus, NULL },
		      { "native", hash_native, NULL },
		      { "multi", hash_multi, "bigint,text" } };
	static struct tally tallies[MAX_TYPES];
	size_t mode = 0;
	struct csv csv;
	struct row row;

	while (argc == 3 && mode < MEM_COUNT(modes) && strcmp(argv[1], modes[mode].name) != 0)
		mode++;
	if (argc != 3 || mode == MEM_COUNT(modes))
		complain("usage: route_vectors {citus|native|multi} FILE.csv");
	if (!read_file(argv[2], &csv))
		complain("%s: %s", argv[2], strerror(errno));
	while (csv.at < csv.len) {
		if (!read_row(&csv, &row))
			complain("%s:%lu: not a line of three CSV fields", argv[2], csv.line);
		struct span type = modes[mode].type ? span_text(modes[mode].type) : row.field[0];
		long long expected;
		if (!span_to_int(row.field[2], INT64_MIN, INT64_MAX, &expected))
			complain("%s:%lu: the third field is not a number", argv[2], row.line);
		compare(&row, modes[mode].hash, tally_of(tallies, type));
	}
	mem_free(csv.bytes);

	unsigned long sum[OUTCOMES] = { 0 };
	for (struct tally *t = tallies; t < tallies + MAX_TYPES && t->type[0] != '\0'; t++) {
		printf("%-12s %lu equal, %lu declined, %lu different\n", t->type, t->count[EQUAL], t->count[DECLINED],
		       t->count[DIFFERENT]);
		for (int i = 0; i < OUTCOMES; i++)
			sum[i] += t->count[i];
	}
	if (tallies[0].type[0] == '\0')
		complain("%s: no vectors in it", argv[2]);
	printf("%lu equal, %lu declined, %lu different\n", sum[EQUAL], sum[DECLINED], sum[DIFFERENT]);
	return sum[DIFFERENT] ? EXIT_DIFFERENT : 0;
}

static void compare(const struct row *row, row_hash hash_row, struct tally *tally)
{
	long long expected = 0, hash = 0;
	span_to_int(row->field[2], INT64_MIN, INT64_MAX, &expected);
	if (!hash_row(row, &hash)) {
		tally->count[DECLINED]++;
		return;
	}
	tally->count[hash == expected ? EQUAL : DIFFERENT]++;
	if (hash != expected)
		printf("line %lu: %.*s, %.*s: %lld here, %lld there\n", row->line, (int)row->field[0].len,
		       row->field[0].ptr, (int)row->field[1].len, row->field[1].ptr, hash, expected);
}

static bool value_of(const struct row *row, struct key_value *value)
{
	for (size_t i = 0; i < MEM_COUNT(type_names); i++)
		if (span_is(row->field[0], type_names[i].name))
			return key_from_text(value, type_names[i].oid, row->field[1]);
	return false;
}

static bool hash_citus(const struct row *row, long long *hash)
{
	struct key_value value;
	if (!value_of(row, &value))
		return false;
	*hash = key_hash_citus(&value);
	return true;
}

static bool hash_native(const struct row *row, long long *hash)
{
	struct key_value value;
	if (!value_of(row, &value))
		return false;
	*hash = key_remainder_native(&value, 1, MODULUS);
	return true;
}

static bool hash_multi(const struct row *row, long long *hash)
{
	struct key_value values[2];
	if (!key_from_text(&values[0], TYPE_INT8, row->field[0]) ||
	    !key_from_text(&values[1], TYPE_TEXT, row->field[1]))
		return false;
	*hash = key_remainder_native(values, 2, MODULUS);
	return true;
}

static bool read_file(const char *path, struct csv *csv)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16, got;
	if (file == NULL)
		return false;
	*csv = (struct csv){ .bytes = mem_alloc(room), .line = 1 };
	while ((got = fread(csv->bytes + csv->len, 1, room - csv->len, file)) > 0) {
		csv->len += got;
		if (csv->len == room)
			csv->bytes = mem_realloc(csv->bytes, room *= 2);
	}
	int error = ferror(file) ? errno : 0;
	fclose(file);
	errno = error;
	if (error)
		mem_free(csv->bytes);
	return error == 0;
}

static bool read_row(struct csv *csv, struct row *row)
{
	row->line = csv->line;
	for (int i = 0; i < FIELDS; i++) {
		if (i > 0 && (csv->at == csv->len || csv->bytes[csv->at++] != ','))
			return false;
		if (!read_field(csv, &row->field[i]))
			return false;
	}
	return end_of_row(csv);
}

static bool read_field(struct csv *csv, struct span *field)
{
	if (csv->at < csv->len && csv->bytes[csv->at] == '"')
		return read_quoted(csv, field);
	size_t start = csv->at;
	while (csv->at < csv->len && strchr(",\r\n", csv->bytes[csv->at]) == NULL)
		if (csv->bytes[csv->at++] == '"')
			return false;
	*field = span_of(csv->bytes + start, csv->at - start);
	return true;
}

static bool read_quoted(struct csv *csv, struct span *field)
{
	char *start = csv->bytes + csv->at, *out = start;
	for (csv->at++; csv->at < csv->len; csv->at++) {
		char c = csv->bytes[csv->at];
		if (c == '\n')
			csv->line++;
		if (c == '"') {
			if (csv->at + 1 == csv->len || csv->bytes[csv->at + 1] != '"') {
				csv->at++;
				*field = span_of(start, (size_t)(out - start));
				return true;
			}
			csv->at++;
		}
		*out++ = c;
	}
	return false; /* the quote never closed */
}

static bool end_of_row(struct csv *csv)
{
	if (csv->at < csv->len && csv->bytes[csv->at] == '\r')
		csv->at++;
	if (csv->at == csv->len)
		return true;
	if (csv->bytes[csv->at] != '\n')
		return false;
	csv->at++;
	csv->line++;
	return true;
}

static struct tally *tally_of(struct tally *tallies, struct span type)
{
	for (struct tally *t = tallies; t < tallies + MAX_TYPES; t++) {
		if (span_is(type, t->type))
			return t;
		if (t->type[0] == '\0' && type.len > 0 && type.len < MAX_TYPE_NAME) {
			memcpy(t->type, type.ptr, type.len);
			return t;
		}
	}
	complain("too many types, or a type of no name or too long a one");
}

static void complain(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "route_vectors: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(EXIT_UNREADABLE);
}
