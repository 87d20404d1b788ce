/* The log: a bounded queue of lines under a mutex, drained by one thread. The
 * mutex is held for a list operation only, never for a write. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"

enum { LOG_LINE_BYTES = 2048, LOG_QUEUE_LINES = 8192 };

struct line {
	struct list item;
	size_t len;
	char text[];
};

/* The one global that style.md allows beside the loop. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	struct list queue;
	unsigned queued_count;
	unsigned long dropped_count;
	bool running, quiet;
	int fd; /* the log file, -1 for none */
	_Atomic int verbose;
} logger = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .fd = -1 };

static const char *const level_name[] = { "FATAL", "ERROR", "WARNING", "LOG", "DEBUG", "NOISE" };

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nowhere left to complain */
		text += n;
		len -= (size_t)n;
	}
}

static void put_out(int fd, bool quiet, const char *text, size_t len)
{
	if (fd >= 0)
		write_all(fd, text, len);
	if (!quiet)
		write_all(STDERR_FILENO, text, len);
}

/* Called with the lock held; drops it around the writing itself. */
static void drain(void)
{
	while (!list_empty(&logger.queue)) {
		struct list batch;
		list_init(&batch);
		LIST_EACH (it, &logger.queue) {
			list_remove(it);
			list_append(&batch, it);
		}
		logger.queued_count = 0;
		unsigned long dropped = logger.dropped_count;
		logger.dropped_count = 0;
		int fd = logger.fd;
		bool quiet = logger.quiet;
		pthread_mutex_unlock(&logger.lock);
		LIST_EACH (it, &batch) {
			struct line *line = LIST_ITEM(it, struct line, item);
			put_out(fd, quiet, line->text, line->len);
			mem_free(line);
		}
		if (dropped) {
			char text[80];
			int len = snprintf(text, sizeof text, "WARNING %lu log lines dropped: the log is too slow\n",
					   dropped);
			put_out(fd, quiet, text, (size_t)len);
		}
		pthread_mutex_lock(&logger.lock);
	}
}

static void *writer_main(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&logger.lock);
	while (logger.running || !list_empty(&logger.queue)) {
		if (list_empty(&logger.queue))
			pthread_cond_wait(&logger.wake, &logger.lock);
		drain();
	}
	pthread_mutex_unlock(&logger.lock);
	return NULL;
}

static int open_file(const char *path)
{
	/* O_NOFOLLOW: a planted link must not send the log elsewhere. */
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

const char *log_start(const char *path, bool quiet)
{
	int fd = -1;
	if (path && *path && (fd = open_file(path)) < 0)
		return strerror(errno);
	pthread_mutex_lock(&logger.lock);
	list_init(&logger.queue);
	logger.fd = fd;
	logger.quiet = quiet;
	/* Signals are for the thread that waits for them, not for this one. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	logger.running = pthread_create(&logger.thread, NULL, writer_main, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_unlock(&logger.lock);
	return logger.running ? NULL : "cannot start the log thread";
}

const char *log_reopen(const char *path)
{
	int fd = -1;
	if (path && *path && (fd = open_file(path)) < 0)
		return strerror(errno);
	pthread_mutex_lock(&logger.lock);
	int old = logger.fd;
	if (old >= 0 && fd >= 0) {
		/* The writer may be using the old number: put the new file under it. */
		dup2(fd, old);
		close(fd);
	} else if (old < 0) {
		logger.fd = fd;
	}
	pthread_mutex_unlock(&logger.lock);
	return NULL;
}

void log_stop(void)
{
	pthread_mutex_lock(&logger.lock);
	bool was_running = logger.running;
	logger.running = false;
	pthread_cond_signal(&logger.wake);
	pthread_mutex_unlock(&logger.lock);
	if (was_running)
		pthread_join(logger.thread, NULL);
}

void log_set_verbose(int verbose)
{
	atomic_store_explicit(&logger.verbose, verbose, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= (int)LOG_LOG + atomic_load_explicit(&logger.verbose, memory_order_relaxed);
}

/* Bytes that could forge a second line or confuse a terminal become \xNN. */
static size_t escape(char *out, size_t size, const char *in)
{
	size_t len = 0;
	for (; *in && len + 5 < size; in++) {
		unsigned char c = (unsigned char)*in;
		if (c < 0x20 || c == 0x7f)
			len += (size_t)snprintf(out + len, size - len, "\\x%02x", c);
		else
			out[len++] = (char)c;
	}
	out[len] = '\0';
	return len;
}

static size_t build_line(char *out, size_t size, enum log_level level, const char *format, va_list args)
{
	struct timespec now;
	struct tm local;
	char message[LOG_LINE_BYTES / 2];
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	size_t len = strftime(out, size, "%Y-%m-%d %H:%M:%S", &local);
	len += (size_t)snprintf(out + len, size - len, ".%03ld ", now.tv_nsec / 1000000);
	len += strftime(out + len, size - len, "%Z", &local);
	len += (size_t)snprintf(out + len, size - len, " [%d] %s ", (int)getpid(), level_name[level]);
	vsnprintf(message, sizeof message, format, args);
	len += escape(out + len, size - len - 1, message);
	out[len++] = '\n';
	return len;
}

void log_write(enum log_level level, const char *format, ...)
{
	if (!log_enabled(level))
		return;
	char text[LOG_LINE_BYTES];
	va_list args;
	va_start(args, format);
	size_t len = build_line(text, sizeof text, level, format, args);
	va_end(args);

	pthread_mutex_lock(&logger.lock);
	if (!logger.running) {
		put_out(logger.fd, logger.quiet, text, len);
	} else if (logger.queued_count >= LOG_QUEUE_LINES) {
		logger.dropped_count++;
	} else {
		struct line *line = mem_alloc(sizeof *line + len);
		line->len = len;
		memcpy(line->text, text, len);
		list_init(&line->item);
		list_append(&logger.queue, &line->item);
		if (logger.queued_count++ == 0)
			pthread_cond_signal(&logger.wake);
	}
	pthread_mutex_unlock(&logger.lock);
}
