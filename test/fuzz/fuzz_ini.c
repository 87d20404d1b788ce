/* Fuzzes ini files with their connect strings, through to the settings: there are
 * settings or mistakes, never both and never neither; what is shown of a setting reads back
 * to the same value; and a file loaded over itself changes nothing. */
#include "base/mem.h"
#include "conf/schema.h"
#include "conf/settings.h"
#include "fuzz.h"

static void check_mistakes(struct span lines);
static void check_values(const struct settings *settings);
static void check_databases(const struct settings *settings);
static void check_reload(struct span text, const struct settings *running);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = span_of((const char *)bytes, len);
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *settings = settings_parse(text, "fuzz.ini", NULL, &errors);
	FUZZ_CHECK((settings == NULL) == (buf_held(&errors) > 0));
	if (settings) {
		check_values(settings);
		check_databases(settings);
		check_reload(text, settings);
	}
	check_mistakes(buf_span(&errors));
	settings_unref(settings);
	buf_done(&errors);
	return 0;
}

static void check_mistakes(struct span lines)
{
	while (lines.len) {
		struct span line = span_split(&lines, '\n');
		FUZZ_CHECK(line.len > 10 && memcmp(line.ptr, "fuzz.ini:", 9) == 0);
		for (size_t i = 0; i < line.len; i++)
			FUZZ_CHECK((unsigned char)line.ptr[i] >= 0x20);
	}
}

static void check_values(const struct settings *settings)
{
	struct keep keep = { 0 };
	struct buf shown, message;
	buf_init(&shown, 0);
	buf_init(&message, 0);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		const void *field = (const char *)settings + row->global_at;
		struct setting_list again = { 0 }; /* the largest field */
		if (!(row->scopes & SCHEMA_GLOBAL))
			continue;
		buf_clear(&shown);
		schema_print(row, field, &shown);
		if (row->kind == SCHEMA_SECRET) {
			FUZZ_CHECK(buf_held(&shown) == 0 || span_is(buf_span(&shown), "****"));
			continue;
		}
		FUZZ_CHECK(schema_read(row, buf_span(&shown), &keep, &again, &message) != SCHEMA_REFUSE);
		FUZZ_CHECK(schema_equal(row, field, &again));
	}
	buf_done(&shown);
	buf_done(&message);
	keep_done(&keep);
}

static void check_databases(const struct settings *settings)
{
	for (size_t i = 0; i < settings->database_count; i++) {
		const struct database_settings *database = &settings->databases[i];
		FUZZ_CHECK(database->hosts.count > 0);
		FUZZ_CHECK(database->port >= 1 && database->port <= 65535);
		FUZZ_CHECK(settings_database(settings, span_text(database->name)) == database);
		struct user_settings user = settings_user(settings, database, span_text(database->user));
		FUZZ_CHECK(user.pool_size >= 0 && user.pool_mode != POOL_MODE_STATEMENT);
	}
}

static void check_reload(struct span text, const struct settings *running)
{
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *again = settings_parse(text, "fuzz.ini", running, &errors);
	FUZZ_CHECK(again && again->warning_count == running->warning_count);
	settings_unref(again);
	buf_done(&errors);
}
