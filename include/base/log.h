/* The log. A line is built by the caller and written by a thread of its own, so
 * that a slow disk or pipe never stops an event loop; when the queue is full,
 * lines are dropped and their number is logged. Control bytes are escaped: a
 * line is always one line. Secrets must never be passed here. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_FATAL, LOG_ERROR, LOG_WARNING, LOG_LOG, LOG_DEBUG, LOG_NOISE };

/* Before log_start and after log_stop lines go to stderr directly. */
const char *log_start(const char *path, bool quiet); /* reason, NULL if fine; path NULL or "" = stderr alone */
const char *log_reopen(const char *path); /* after rotation; keeps the old file on failure */
void log_stop(void); /* writes what is queued */

void log_set_verbose(int verbose); /* 0 = up to LOG_LOG, 1 = + DEBUG, 2 and more = + NOISE */
bool log_enabled(enum log_level level);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_fatal(...) log_write(LOG_FATAL, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LOG, __VA_ARGS__)
#define log_debug(...) (log_enabled(LOG_DEBUG) ? log_write(LOG_DEBUG, __VA_ARGS__) : (void)0)
#define log_noise(...) (log_enabled(LOG_NOISE) ? log_write(LOG_NOISE, __VA_ARGS__) : (void)0)
