/* etc/pgshunt.ini and doc/config.md, printed from the rows. */
#include "conf/settings.h"

#include "base/mem.h"
#include "conf/schema.h"

/* A group begins at the row of that name. */
static const struct group {
	const char *first, *title;
} groups[] = {
	{ "logfile", "General" },
	{ "auth_type", "Authentication" },
	{ "syslog", "Log and console" },
	{ "client_tls_sslmode", "TLS" },
	{ "server_reset_query", "Checks and timeouts" },
	{ "query_timeout", "Timeouts that end work" },
	{ "pkt_buf", "Network" },
	{ "threads", "Cluster and routing" },
};

static const char *group_of(const struct schema_row *row);
static void print_words(const struct schema_row *row, struct buf *out);
static void print_rows(unsigned scope, unsigned without, bool grouped, struct buf *out);
static void print_cell(const char *text, struct buf *out);

/* ---- the sample */

static const char sample_head[] =
	";; Every key of pgshunt with its default, commented out: take out the ; to change one.\n"
	";; Printed by pgshunt --print-sample; doc/config.md says the same as tables.\n"
	";; Times take us, ms, s, min, h, d (a bare number is seconds); sizes take B, kB, MB, GB.\n"
	";; A comment starts a line: there are none behind a value.\n"
	"\n"
	"[databases]\n"
	";; name = connect string; * is for every name not listed\n"
	";app = host=coordinator.example.com port=5432 dbname=app\n"
	";plain = host=db.example.com cluster=none pool_size=50\n"
	";* = host=coordinator.example.com\n"
	"\n"
	"[users]\n"
	";; name = what holds for this user in every database\n"
	";report = pool_mode=session pool_size=5\n"
	"\n"
	"[nodes]\n"
	";; a node as the cluster names it = where it is reached from here\n"
	";worker-1:5432 = host=10.0.0.11 port=5432\n"
	"\n"
	"[pgshunt]\n";

void settings_print_sample(struct buf *out)
{
	buf_add_text(out, sample_head);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (!(row->scopes & SCHEMA_GLOBAL))
			continue;
		if (group_of(row))
			buf_add_printf(out, "\n;;; %s\n", group_of(row));
		buf_add_printf(out, "\n;; %s", row->help);
		print_words(row, out);
		if (!row->at_reload)
			buf_add_text(out, " Only at start.");
		if (row->status != SCHEMA_WORKS)
			buf_add_printf(out, "\n;; Ignored: %s.", row->why);
		buf_add_printf(out, "\n;%s =%s%s\n", row->name, *row->default_text ? " " : "", row->default_text);
	}
}

static const char *group_of(const struct schema_row *row)
{
	for (size_t i = 0; i < MEM_COUNT(groups); i++)
		if (strcmp(groups[i].first, row->name) == 0)
			return groups[i].title;
	return NULL;
}

static void print_words(const struct schema_row *row, struct buf *out)
{
	for (unsigned i = 0; i < row->word_count; i++)
		buf_add_printf(out, "%s%s%s", i ? ", " : " One of: ", row->words[i].word,
			       row->words[i].verdict == SCHEMA_FINE ? "" : " (not yet)");
	if (row->word_count)
		buf_add_text(out, ".");
}

/* ---- the manual */

static const char manual_head[] =
	"# Settings\n"
	"\n"
	"Printed by `pgshunt --print-manual` from the table in `include/conf/rows.h`; `etc/pgshunt.ini` is the same as "
	"a file.\n"
	"\n"
	"A PgBouncer ini file is read as it is: section `[pgbouncer]` is `[pgshunt]`, the keys have PgBouncer's names, "
	"meanings and\n"
	"defaults. A key that is accepted but has no effect yet, or makes no sense here, gives a warning when it is "
	"set to something\n"
	"other than its default. A mistake is an error that names file, line, key and what would be right; then "
	"nothing of the file\n"
	"is applied, at start and on reload. A setting that would let in or leave in the clear what it was meant to "
	"keep out\n"
	"(`auth_type = hba`, `client_tls_sslmode = require`) is an error until it is built, never ignored.\n"
	"\n"
	"## The file\n"
	"\n"
	"- `[section]`, `key = value`. Sections and keys may repeat: the last one wins. The value goes to the end of "
	"the line.\n"
	"- A line that starts with `;` or `#` is a comment. There are no comments behind a value.\n"
	"- `%include file` reads another file in its place; the name is relative to the working directory.\n"
	"- Times take `us`, `ms`, `s`, `min`, `h`, `d`; a bare number is seconds. Sizes take `B`, `kB`, `MB`, `GB`; a "
	"bare number\n"
	"  is bytes. Switches are `1`/`0`, `on`/`off`, `yes`/`no`, `true`/`false`. Lists are separated by commas.\n"
	"- `[databases]`: `name = key=value …`; a value with blanks is quoted: `password='it''s mine'`. `*` serves "
	"every name that is\n"
	"  not listed. A name of other characters than letters, digits and `_ . : * $ @ -` is quoted: `\"my db\" = …`. "
	"`pgshunt` and\n"
	"  `pgbouncer` are the console's.\n"
	"- `[users]`: `name = key=value …`, what holds for one user in every database.\n"
	"- `[nodes]`: `name:port = host=… port=…`, where a node of the cluster's metadata is reached from here.\n"
	"- `[peers]`: read and checked, without effect yet.\n"
	"\n"
	"What a user is given holds over what a database is given, and that over section `[pgshunt]`.\n"
	"\n"
	"\"Where\" below: G = `[pgshunt]`, D = a connect string in `[databases]`, U = `[users]`. \"Reload\": whether a "
	"change takes effect\n"
	"on reload or only at the next start.\n";

static const char table_head[] =
	"\n| setting | default | where | reload | meaning |\n| --- | --- | --- | --- | --- |\n";

void settings_print_manual(struct buf *out)
{
	buf_add_text(out, manual_head);
	print_rows(SCHEMA_GLOBAL, 0, true, out);
	buf_add_text(out,
		     "\n## Connect strings only\n\nBeside those above with a D. `reserve_pool` is another name for "
		     "`reserve_pool_size`.\n");
	buf_add_text(out, table_head);
	print_rows(SCHEMA_DATABASE, SCHEMA_GLOBAL, false, out);
}

static void print_rows(unsigned scope, unsigned without, bool grouped, struct buf *out)
{
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (!(row->scopes & scope) || (row->scopes & without))
			continue;
		if (grouped && group_of(row))
			buf_add_printf(out, "\n## %s\n%s", group_of(row), table_head);
		buf_add_printf(out, "| `%s` | ", row->name);
		if (*row->default_text) {
			buf_add_text(out, "`");
			print_cell(row->default_text, out);
			buf_add_text(out, "`");
		}
		buf_add_printf(out, " | %s%s%s | %s | ", row->scopes & SCHEMA_GLOBAL ? "G" : "",
			       row->scopes & SCHEMA_DATABASE ? "D" : "", row->scopes & SCHEMA_USER ? "U" : "",
			       row->at_reload ? "yes" : "no");
		print_cell(row->help, out);
		print_words(row, out);
		if (row->status != SCHEMA_WORKS)
			buf_add_printf(out, " *Ignored: %s.*", row->why);
		buf_add_text(out, " |\n");
	}
}

static void print_cell(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_add_text(out, "\\");
		buf_add_u8(out, (uint8_t)*text);
	}
}
