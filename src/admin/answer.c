/* Rows of text, written straight into the bytes that will be sent. */
#include "admin/answer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wire/proto.h"

void answer_init(struct answer *answer, size_t limit_bytes)
{
	*answer = (struct answer){ 0 };
	buf_init(&answer->out, limit_bytes);
}

void answer_done(struct answer *answer)
{
	buf_done(&answer->out);
}

unsigned answer_count_columns(const char *names)
{
	unsigned count = 1;
	for (const char *comma = strchr(names, ','); comma; comma = strchr(comma + 1, ','))
		count++;
	return count;
}

void answer_columns(struct answer *answer, const char *names)
{
	unsigned count = answer_count_columns(names);
	const char **columns = mem_array(count, sizeof *columns);
	char *copy = mem_strdup(names), *at = copy;
	for (unsigned i = 0; i < count; i++) {
		columns[i] = at;
		at = strchr(at, ',');
		if (at) {
			*at = '\0';
			at += 2;
		}
	}
	wire_add_columns(&answer->out, columns, count);
	answer->column_count = count;
	mem_free(columns);
	mem_free(copy);
}

void answer_row(struct answer *answer)
{
	answer->value_count = 0;
	answer->row = wire_begin_row(&answer->out, answer->column_count);
}

void answer_span(struct answer *answer, struct span text)
{
	answer->value_count++;
	wire_add_value(&answer->out, text);
}

void answer_null(struct answer *answer)
{
	answer->value_count++;
	wire_add_null(&answer->out);
}

void answer_text(struct answer *answer, const char *text)
{
	if (text)
		answer_span(answer, span_text(text));
	else
		answer_null(answer);
}

void answer_number(struct answer *answer, long long value)
{
	answer_printf(answer, "%lld", value);
}

void answer_yes_no(struct answer *answer, bool yes)
{
	answer_text(answer, yes ? "yes" : "no");
}

void answer_printf(struct answer *answer, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	answer_span(answer, span_of(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1));
}

void answer_row_end(struct answer *answer)
{
	assert(answer->value_count <= answer->column_count);
	while (answer->value_count < answer->column_count)
		answer_null(answer);
	wire_end(&answer->out, answer->row);
}

void answer_time(struct answer *answer, int64_t at_us)
{
	char text[64];
	struct tm local;
	time_t at = (time_t)((clock_wall_us() - (clock_now_us() - at_us)) / 1000000);
	if (at_us == 0 || localtime_r(&at, &local) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &local) == 0)
		text[0] = '\0';
	answer_text(answer, text);
}

void answer_notice(struct answer *answer, const char *message, const char *detail)
{
	wire_add_error(&answer->out, 'N',
		       &(struct wire_error){
			       .severity = "NOTICE", .sqlstate = "00000", .message = message, .detail = detail });
}

void answer_error(struct answer *answer, const char *sqlstate, const char *message, const char *hint)
{
	wire_add_error(
		&answer->out, 'E',
		&(struct wire_error){ .severity = "ERROR", .sqlstate = sqlstate, .message = message, .hint = hint });
}
