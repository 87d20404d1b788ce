/* Reading dates and times: a reader walks over the text once, each part takes what
 * is its own and says no at the first byte that does not belong. Days are counted
 * by Julian day numbers as the server does it (date2j, src/backend/utils/adt/datetime.c). */
#include "route/calendar.h"

#include <math.h>
#include <stdlib.h>

enum { EPOCH_JULIAN = 2451545, UNIX_EPOCH_DAYS = -10957, MAX_ZONE_HOUR = 15, MAX_FRACTION_DIGITS = 30 };

#define US_PER_SECOND INT64_C(1000000)

struct reader {
	const char *at, *end;
};

struct special {
	const char *word;
	int64_t days, us;
};

static const struct special specials[] = {
	{ "infinity", CALENDAR_DATE_NO_END, CALENDAR_TIMESTAMP_NO_END },
	{ "-infinity", CALENDAR_DATE_NO_BEGIN, CALENDAR_TIMESTAMP_NO_BEGIN },
	{ "epoch", UNIX_EPOCH_DAYS, UNIX_EPOCH_DAYS *CALENDAR_DAY_US },
};

static const struct special *special_of(struct span text);
static struct reader reader_over(struct span text);
static bool read_moment(struct span text, bool with_zone, int64_t *us);
static bool read_day(struct reader *r, bool bc, int64_t *days);
static bool read_clock(struct reader *r, int64_t *us);
static bool read_fraction(struct reader *r, int64_t *us);
static bool read_offset(struct reader *r, int64_t *us);
static bool read_number(struct reader *r, int min_digits, int max_digits, int64_t *number);
static bool take(struct reader *r, char c);
static bool take_blanks(struct reader *r);
static bool take_bc(struct reader *r);
static int days_in_month(int64_t year, int64_t month);

bool calendar_read_date(struct span text, int64_t *days)
{
	const struct special *special = special_of(text);
	if (special) {
		*days = special->days;
		return true;
	}
	struct reader r = reader_over(text);
	bool bc = take_bc(&r);
	int64_t read;
	if (!read_day(&r, bc, &read) || r.at != r.end || read < CALENDAR_DATE_MIN || read > CALENDAR_DATE_MAX)
		return false;
	*days = read;
	return true;
}

bool calendar_read_time(struct span text, int64_t *us)
{
	struct reader r = reader_over(text);
	int64_t read;
	if (!read_clock(&r, &read) || r.at != r.end)
		return false;
	*us = read;
	return true;
}

bool calendar_read_timestamp(struct span text, int64_t *us)
{
	return read_moment(text, false, us);
}

bool calendar_read_timestamptz(struct span text, int64_t *us)
{
	return read_moment(text, true, us);
}

static const struct special *special_of(struct span text)
{
	text = span_trim(text);
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (span_is_nocase(text, specials[i].word))
			return &specials[i];
	return NULL;
}

static struct reader reader_over(struct span text)
{
	text = span_trim(text);
	if (text.len == 0)
		text.ptr = "";
	return (struct reader){ text.ptr, text.ptr + text.len };
}

static bool read_moment(struct span text, bool with_zone, int64_t *us)
{
	const struct special *special = special_of(text);
	if (special) {
		*us = special->us;
		return true;
	}
	struct reader r = reader_over(text);
	bool bc = take_bc(&r);
	int64_t days, clock = 0, offset = 0, sum;
	if (!read_day(&r, bc, &days))
		return false;
	/* A day alone is midnight, which needs a time zone to be a moment. */
	if (r.at == r.end && with_zone)
		return false;
	if (r.at != r.end && ((!take(&r, 'T') && !take_blanks(&r)) || !read_clock(&r, &clock)))
		return false;
	/* An offset on a timestamp without one would be ignored by the server; nobody means that. */
	if (with_zone && !read_offset(&r, &offset))
		return false;
	if (r.at != r.end || __builtin_mul_overflow(days, CALENDAR_DAY_US, &sum) ||
	    __builtin_add_overflow(sum, clock - offset, &sum) || sum < CALENDAR_TIMESTAMP_MIN ||
	    sum > CALENDAR_TIMESTAMP_MAX)
		return false;
	*us = sum;
	return true;
}

static bool read_day(struct reader *r, bool bc, int64_t *days)
{
	int64_t year, month, day;
	if (!read_number(r, 4, 7, &year) || !take(r, '-') || !read_number(r, 1, 2, &month) || !take(r, '-') ||
	    !read_number(r, 1, 2, &day))
		return false;
	if (year == 0 || month < 1 || month > 12 || day < 1)
		return false;
	if (bc)
		year = 1 - year;
	/* The first day of all is Julian day 0 in 4714 BC; keeps the sums below positive. */
	if (year < -4713 || day > days_in_month(year, month))
		return false;
	year += month > 2 ? 4800 : 4799;
	month += month > 2 ? 1 : 13;
	int64_t century = year / 100;
	int64_t julian = year * 365 - 32167 + year / 4 - century + century / 4 + 7834 * month / 256 + day;
	*days = julian - EPOCH_JULIAN;
	return julian >= 0;
}

static bool read_clock(struct reader *r, int64_t *us)
{
	int64_t hour, minute, second = 0, fraction = 0;
	if (!read_number(r, 1, 2, &hour) || !take(r, ':') || !read_number(r, 2, 2, &minute))
		return false;
	if (take(r, ':')) {
		if (!read_number(r, 2, 2, &second))
			return false;
		if (take(r, '.') && !read_fraction(r, &fraction))
			return false;
	}
	/* The server takes a 60th second as well; leap seconds are left to it. */
	if (minute > 59 || second > 59)
		return false;
	*us = ((hour * 60 + minute) * 60 + second) * US_PER_SECOND + fraction;
	return *us <= CALENDAR_DAY_US; /* 24:00:00 is a time */
}

/* Up to six digits are exact. More are rounded as the server rounds them, through a double (ParseFractionalSecond). */
static bool read_fraction(struct reader *r, int64_t *us)
{
	char text[MAX_FRACTION_DIGITS + 2] = ".";
	size_t len = 0;
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && len < MAX_FRACTION_DIGITS)
		text[++len] = *r->at++;
	if (len == 0 || (r->at < r->end && *r->at >= '0' && *r->at <= '9'))
		return false;
	char *end;
	double fraction = strtod(text, &end);
	if (*end != '\0')
		return false;
	*us = (int64_t)rint(fraction * 1000000);
	return true;
}

/* Z is a time zone abbreviation to the server, but in each set of them that it is delivered with. */
static bool read_offset(struct reader *r, int64_t *us)
{
	int64_t hour, minute = 0, second = 0;
	take_blanks(r);
	if (take(r, 'Z') || take(r, 'z')) {
		*us = 0;
		return true;
	}
	bool west = take(r, '-');
	if (!west && !take(r, '+'))
		return false;
	const char *digits = r->at;
	if (!read_number(r, 2, 4, &hour))
		return false;
	switch (r->at - digits) {
	case 2:
		if (take(r, ':') &&
		    (!read_number(r, 2, 2, &minute) || (take(r, ':') && !read_number(r, 2, 2, &second))))
			return false;
		break;
	case 4:
		minute = hour % 100;
		hour /= 100;
		break;
	default:
		return false;
	}
	if (hour > MAX_ZONE_HOUR || minute > 59 || second > 59)
		return false;
	*us = ((hour * 60 + minute) * 60 + second) * US_PER_SECOND * (west ? -1 : 1);
	return true;
}

/* A run of digits, as many as they are; false if they are fewer or more than said. */
static bool read_number(struct reader *r, int min_digits, int max_digits, int64_t *number)
{
	int count = 0;
	int64_t sum = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		if (++count > max_digits)
			return false;
		sum = sum * 10 + (*r->at - '0');
	}
	*number = sum;
	return count >= min_digits;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_blanks(struct reader *r)
{
	const char *start = r->at;
	while (take(r, ' '))
		;
	return r->at != start;
}

/* Takes the era off the end, with the blanks before it, since it is needed before the year is understood. */
static bool take_bc(struct reader *r)
{
	if (r->end - r->at < 3 || r->end[-3] != ' ' || !span_is_nocase(span_of(r->end - 2, 2), "BC"))
		return false;
	r->end -= 3;
	while (r->end > r->at && r->end[-1] == ' ')
		r->end--;
	return true;
}

static int days_in_month(int64_t year, int64_t month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}
