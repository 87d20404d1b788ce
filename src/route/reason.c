/* The table of reasons, as text. */
#include "route/reason.h"

static const struct {
	const char *code, *means, *change;
} rows[REASON_COUNT] = {
#define REASON_ROW(symbol, code, means, change) [REASON_##symbol] = { code, means, change },
	REASON_ROWS(REASON_ROW)
#undef REASON_ROW
};

const char *reason_code(enum reason reason)
{
	return rows[reason].code;
}

const char *reason_meaning(enum reason reason)
{
	return rows[reason].means;
}

const char *reason_change(enum reason reason)
{
	return rows[reason].change;
}
