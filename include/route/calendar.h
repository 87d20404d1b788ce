/* Dates and times in the ISO forms whose meaning does not depend on the session:
 *
 *    date          YYYY-MM-DD [BC]
 *    time          HH:MM[:SS[.ffffff]]
 *    timestamp     date[(T| )time] [BC]
 *    timestamptz   date(T| )time(Z|±HH|±HHMM|±HH:MM|±HH:MM:SS) [BC]
 *
 * and `infinity`, `-infinity`, `epoch`, with blanks around. Year first with four
 * digits or more is read alike under every DateStyle; an offset makes TimeZone
 * irrelevant. All else is declined, also what the server would accept. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* The ranges of the types (src/include/datatype/timestamp.h); infinities stand outside of them. */
#define CALENDAR_DATE_MIN INT64_C(-2451545) /* 4714-11-24 BC; days since 2000-01-01 */
#define CALENDAR_DATE_MAX INT64_C(2145031948) /* 5874897-12-31 */
#define CALENDAR_DATE_NO_BEGIN INT32_MIN
#define CALENDAR_DATE_NO_END INT32_MAX
#define CALENDAR_TIMESTAMP_MIN INT64_C(-211813488000000000) /* 4714-11-24 00:00 BC; µs since 2000-01-01 */
#define CALENDAR_TIMESTAMP_MAX INT64_C(9223371331199999999) /* 294276-12-31 23:59:59.999999 */
#define CALENDAR_TIMESTAMP_NO_BEGIN INT64_MIN
#define CALENDAR_TIMESTAMP_NO_END INT64_MAX
#define CALENDAR_DAY_US INT64_C(86400000000)

/* False = declined, and nothing is written. Sources: date_in, time_in, timestamp_in, timestamptz_in
 * and DecodeDateTime (src/backend/utils/adt/{date,timestamp,datetime}.c). */
bool calendar_read_date(struct span text, int64_t *days);
bool calendar_read_time(struct span text, int64_t *us);
bool calendar_read_timestamp(struct span text, int64_t *us);
bool calendar_read_timestamptz(struct span text, int64_t *us);
