/* pgshunt: options, and the frame of a run.
 *
 *    read the settings ─► log, pid file, user ─► process_new (loops and all on them) ─► listen ─► run
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/settings.h"
#include "main/process.h"

struct options {
	const char *file, *user;
	bool daemon, quiet, check, print_sample, print_manual;
	int verbose;
};

static int parse_options(int argc, char **argv, struct options *options);
static struct settings *load(const char *path);
static const char *write_pidfile(const char *path);
static const char *become(const char *user);
static void raise_file_limit(void);
static bool go_daemon(void);

static const char usage[] = "Usage: pgshunt [OPTION]... CONFIG_FILE\n"
			    "  -d, --daemon         run in the background\n"
			    "  -u, --user=USER      become this user after start\n"
			    "  -v, --verbose        more in the log (may be given again)\n"
			    "  -q, --quiet          nothing on standard error\n"
			    "      --check          read the configuration, say what is wrong with it, and exit\n"
			    "      --print-sample   print a sample configuration with every key\n"
			    "      --print-manual   print the manual of all keys\n"
			    "  -V, --version        print the version\n"
			    "  -h, --help           print this\n";

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int code = parse_options(argc, argv, &options);
	if (code >= 0)
		return code;
	struct settings *settings = load(options.file);
	if (settings == NULL)
		return 1;
	if (options.check) {
		printf("%s: fine\n", options.file);
		settings_unref(settings);
		return 0;
	}
	log_set_verbose(options.verbose ? options.verbose : settings->verbose);
	const char *user = options.user ? options.user : settings->user;
	const char *why = user[0] ? become(user) : NULL;
	if (why) {
		fprintf(stderr, "pgshunt: cannot become user \"%s\": %s\n", user, why);
		return 1;
	}
	if (options.daemon && !go_daemon()) {
		fprintf(stderr, "pgshunt: cannot go into the background: %s\n", strerror(errno));
		return 1;
	}
	if ((why = log_start(settings->logfile, options.quiet || options.daemon)) != NULL) {
		fprintf(stderr, "pgshunt: cannot open the log file %s: %s\n", settings->logfile, why);
		return 1;
	}
	if (geteuid() == 0)
		log_warning("running as root: set `user` to a system user without rights");
	if (settings->pidfile[0] && (why = write_pidfile(settings->pidfile)) != NULL) {
		log_fatal("pid file %s: %s", settings->pidfile, why);
		log_stop();
		return 1;
	}
	raise_file_limit();
	signal(SIGPIPE, SIG_IGN);
	char *pidfile = mem_strdup(settings->pidfile);
	code = process_run(options.file, settings);
	if (pidfile[0])
		unlink(pidfile);
	mem_free(pidfile);
	log_stop();
	return code;
}

/* The exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *options)
{
	enum { OPTION_CHECK = 256, OPTION_SAMPLE, OPTION_MANUAL };
	static const struct option longs[] = { { "daemon", no_argument, NULL, 'd' },
					       { "user", required_argument, NULL, 'u' },
					       { "verbose", no_argument, NULL, 'v' },
					       { "quiet", no_argument, NULL, 'q' },
					       { "check", no_argument, NULL, OPTION_CHECK },
					       { "print-sample", no_argument, NULL, OPTION_SAMPLE },
					       { "print-manual", no_argument, NULL, OPTION_MANUAL },
					       { "version", no_argument, NULL, 'V' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int letter;
	while ((letter = getopt_long(argc, argv, "du:vqVh", longs, NULL)) != -1)
		switch (letter) {
		case 'd':
			options->daemon = true;
			break;
		case 'u':
			options->user = optarg;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'q':
			options->quiet = true;
			break;
		case OPTION_CHECK:
			options->check = true;
			break;
		case OPTION_SAMPLE:
			options->print_sample = true;
			break;
		case OPTION_MANUAL:
			options->print_manual = true;
			break;
		case 'V':
			puts(PACKAGE_NAME " " PACKAGE_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	if (options->print_sample || options->print_manual) {
		struct buf text;
		buf_init(&text, 0);
		(options->print_sample ? settings_print_sample : settings_print_manual)(&text);
		fwrite(buf_head(&text), 1, buf_held(&text), stdout);
		buf_done(&text);
		return 0;
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	options->file = argv[optind];
	return -1;
}

static struct settings *load(const char *path)
{
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *settings = settings_load(path, NULL, &errors);
	if (settings == NULL)
		fwrite(buf_head(&errors), 1, buf_held(&errors), stderr);
	buf_done(&errors);
	if (settings == NULL)
		return NULL;
	for (size_t i = 0; i < settings->warning_count; i++)
		fprintf(stderr, "pgshunt: warning: %s\n", settings->warnings[i]);
	char *why = process_check_users(settings);
	if (why) {
		fprintf(stderr, "%s\n", why);
		mem_free(why);
		settings_unref(settings);
		return NULL;
	}
	return settings;
}

/* A stale file, whose process is gone, is replaced; a link is not followed. */
static const char *write_pidfile(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		long pid = n > 0 ? strtol(text, NULL, 10) : 0;
		if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
			return "another process is running";
		unlink(path);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return strerror(errno);
	int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
	bool fine = write(fd, text, (size_t)len) == len;
	close(fd);
	return fine ? NULL : "cannot be written";
}

static const char *become(const char *user)
{
	const struct passwd *entry = getpwnam(user);
	if (entry == NULL)
		return "there is no such user";
	if (entry->pw_uid == geteuid())
		return NULL;
	if (setgroups(0, NULL) != 0 || setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0)
		return strerror(errno);
	return setuid(0) == 0 ? "the rights of root could be had back" : NULL;
}

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool go_daemon(void)
{
	pid_t pid = fork();
	if (pid < 0)
		return false;
	if (pid > 0)
		_exit(0);
	if (setsid() < 0)
		return false;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return null >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0;
}
