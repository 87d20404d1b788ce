/* Time. All deadlines are microseconds of the monotonic clock. */
#pragma once

#include <stdint.h>

int64_t clock_now_us(void); /* monotonic */
int64_t clock_wall_us(void); /* since 1970, UTC */
