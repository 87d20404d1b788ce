/* Ini lines: a file is read whole (bounded), cut into lines, and each line looked
 * at by its first character. */
#include "conf/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* A file being read, and the file that included it. */
struct source {
	const struct source *includer; /* NULL: the first file */
	const char *name;
	dev_t device;
	ino_t inode;
	unsigned depth, line;
	struct span section; /* points into a text that is still being read */
	bool in_section;
};

struct reading {
	const struct ini_reader *reader;
	struct buf *errors;
	unsigned file_count;
};

static void read_path(struct reading *r, struct source *source, const struct source *includer, struct span path);
static void read_lines(struct reading *r, struct source *source, struct span text);
static void read_line(struct reading *r, struct source *source, struct span line);
static void read_section(struct reading *r, struct source *source, struct span line);
static void read_directive(struct reading *r, struct source *source, struct span line);
static void read_entry(struct reading *r, struct source *source, struct span line);
static bool read_bare_key(struct span *line, struct span *key);
static bool read_quoted_key(struct span *line, struct buf *key);
static const char *load(const char *path, struct source *source, struct buf *text);
static bool is_open(const struct source *source, const struct source *file);

#define COMPLAIN(r, source, ...) ini_complain((r)->errors, (source)->name, (source)->line, __VA_ARGS__)

bool ini_read_file(const char *path, const struct ini_reader *reader, struct buf *errors)
{
	struct reading r = { .reader = reader, .errors = errors };
	struct source source = { 0 };
	read_path(&r, &source, NULL, span_text(path));
	return buf_held(errors) == 0;
}

bool ini_read_text(struct span text, const char *name, const struct ini_reader *reader, struct buf *errors)
{
	struct ini_reader plain = *reader;
	plain.refuse_includes = true;
	struct reading r = { .reader = &plain, .errors = errors };
	struct source source = { .name = name };
	read_lines(&r, &source, text);
	return buf_held(errors) == 0;
}

void ini_complain(struct buf *errors, const char *file, unsigned line, const char *format, ...)
{
	unsigned count = 0;
	struct span lines = buf_span(errors);
	while (lines.len) {
		span_split(&lines, '\n');
		count++;
	}
	if (count >= INI_ERROR_COUNT)
		return;
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	/* One mistake is one line, whatever bytes it quotes. */
	for (int i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	if (line)
		buf_add_printf(errors, "%s:%u: %s\n", file, line, text);
	else
		buf_add_printf(errors, "%s: %s\n", file, text);
	free(text);
}

/* Complaints about the file itself are about the line that includes it. */
static void read_path(struct reading *r, struct source *source, const struct source *includer, struct span path)
{
	const char *name = mem_strndup(path.ptr, path.len);
	struct buf text;
	buf_init(&text, 0);
	source->includer = includer;
	source->name = name;
	const char *reason = load(name, source, &text);
	if (reason == NULL && includer && is_open(includer, source))
		reason = "it includes itself";
	if (reason == NULL)
		read_lines(r, source, buf_span(&text));
	else if (includer)
		COMPLAIN(r, includer, "cannot include \"%s\": %s", name, reason);
	else
		ini_complain(r->errors, name, 0, "cannot be read: %s", reason);
	/* It may hold passwords. */
	if (text.bytes)
		mem_wipe(text.bytes, text.size);
	buf_done(&text);
	mem_free((char *)name);
}

static const char *load(const char *path, struct source *source, struct buf *text)
{
	/* O_NONBLOCK: to open a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return strerror(errno);
	struct stat st;
	const char *reason = NULL;
	if (fstat(fd, &st) != 0)
		reason = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		reason = "it is not a regular file";
	else if (st.st_size > INI_FILE_BYTES)
		reason = "it is longer than 16 MB";
	source->device = st.st_dev;
	source->inode = st.st_ino;
	while (reason == NULL) {
		/* Room for all of it at once, so that growing leaves no copy behind. */
		char *at = buf_room(text, buf_held(text) ? 4096 : (size_t)st.st_size + 4096);
		ssize_t n = at ? read(fd, at, 4096) : -1;
		if (n > 0)
			buf_wrote(text, (size_t)n);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			reason = strerror(errno);
		if (buf_held(text) > INI_FILE_BYTES)
			reason = "it is longer than 16 MB";
	}
	close(fd);
	return reason;
}

static bool is_open(const struct source *source, const struct source *file)
{
	for (; source; source = source->includer)
		if (source->device == file->device && source->inode == file->inode)
			return true;
	return false;
}

static void read_lines(struct reading *r, struct source *source, struct span text)
{
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		text = span_of(text.ptr + 3, text.len - 3); /* byte order mark */
	while (text.len) {
		source->line++;
		struct span line = span_trim(span_split(&text, '\n'));
		if (line.len && memchr(line.ptr, '\0', line.len))
			COMPLAIN(r, source, "a NUL byte: this is no text file");
		else if (line.len)
			read_line(r, source, line);
	}
}

static void read_line(struct reading *r, struct source *source, struct span line)
{
	switch (line.ptr[0]) {
	case ';':
	case '#':
		break;
	case '[':
		read_section(r, source, line);
		break;
	case '%':
		read_directive(r, source, line);
		break;
	default:
		read_entry(r, source, line);
	}
}

static void read_section(struct reading *r, struct source *source, struct span line)
{
	if (line.ptr[line.len - 1] != ']') {
		COMPLAIN(r, source, "a section without ] at the end of the line: write [name]");
		return;
	}
	source->section = span_trim(span_of(line.ptr + 1, line.len - 2));
	source->in_section = true;
	struct ini_entry head = { .file = source->name, .line = source->line, .section = source->section };
	r->reader->on_section(r->reader->arg, &head);
}

static void read_directive(struct reading *r, struct source *source, struct span line)
{
	struct span rest = line, word;
	size_t len = 0;
	while (len < line.len && line.ptr[len] != ' ' && line.ptr[len] != '\t')
		len++;
	word = span_of(line.ptr, len);
	rest = span_trim(span_of(line.ptr + len, line.len - len));
	if (!span_is(word, "%include") || rest.len == 0) {
		COMPLAIN(r, source, "not a directive: write %%include file");
	} else if (r->reader->refuse_includes) {
		COMPLAIN(r, source, "%%include is not allowed here");
	} else if (source->depth + 1 >= INI_DEPTH) {
		COMPLAIN(r, source, "more than %d files include each other", INI_DEPTH);
	} else if (++r->file_count > INI_FILE_COUNT) {
		COMPLAIN(r, source, "more than %d files are included", INI_FILE_COUNT);
	} else {
		struct source included = { .depth = source->depth + 1,
					   .section = source->section,
					   .in_section = source->in_section };
		read_path(r, &included, source, rest);
	}
}

static void read_entry(struct reading *r, struct source *source, struct span line)
{
	struct ini_entry entry = { .file = source->name, .line = source->line, .section = source->section };
	struct buf quoted;
	buf_init(&quoted, 0);
	bool good;
	if (line.ptr[0] == '"') {
		good = read_quoted_key(&line, &quoted);
		entry.key = buf_span(&quoted);
	} else {
		good = read_bare_key(&line, &entry.key);
	}
	line = span_trim(line);
	/* The line itself is not shown: it may be a password that lost its key. */
	if (!good)
		COMPLAIN(r, source, "not a key: write key = value, with the key in \"\" if it has odd characters");
	else if (line.len == 0 || line.ptr[0] != '=')
		COMPLAIN(r, source, "no = behind the key: write key = value");
	else if (!source->in_section)
		COMPLAIN(r, source, "a key outside of a section: put [pgshunt] above it");
	else {
		entry.value = span_trim(span_of(line.ptr + 1, line.len - 1));
		r->reader->on_entry(r->reader->arg, &entry);
	}
	buf_done(&quoted);
}

static bool bare(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 ||
	       (c && strchr("_.:*$@-", c));
}

/* Both move *line behind the key. */
static bool read_bare_key(struct span *line, struct span *key)
{
	size_t len = 0;
	while (len < line->len && bare((unsigned char)line->ptr[len]))
		len++;
	*key = span_of(line->ptr, len);
	*line = span_of(line->ptr + len, line->len - len);
	return len > 0;
}

static bool read_quoted_key(struct span *line, struct buf *key)
{
	for (size_t i = 1; i < line->len; i++) {
		if (line->ptr[i] == '"') {
			if (i + 1 == line->len || line->ptr[i + 1] != '"') {
				*line = span_of(line->ptr + i + 1, line->len - i - 1);
				return buf_held(key) > 0;
			}
			i++;
		}
		buf_add(key, line->ptr + i, 1);
	}
	return false;
}
