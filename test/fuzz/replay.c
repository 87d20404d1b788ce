/* Replays a corpus through a fuzz target without clang, as part of `make check`.
 *
 *    replay_x             every file of test/fuzz/corpus/x in the source tree
 *    replay_x PATH ...    those files, and every file of those folders
 *
 * Each input is given to the target in a block of exactly its size, so that a
 * sanitizer sees reads past its end. */
#include <dirent.h>
#include <libgen.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fuzz.h"

static unsigned replay_folder(const char *path);
static unsigned replay_file(const char *path);
static char *own_corpus(char *program);

int main(int argc, char **argv)
{
	unsigned count = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
		count += folder ? replay_folder(argv[i]) : replay_file(argv[i]);
	}
	if (argc < 2) {
		char *path = own_corpus(argv[0]);
		count = replay_folder(path);
		mem_free(path);
	}
	printf("%u inputs replayed\n", count);
	return count ? 0 : 1;
}

/* replay_lexer -> …/test/fuzz/corpus/lexer */
static char *own_corpus(char *program)
{
	const char *top = getenv("top_srcdir"), *name = basename(program), *target = strstr(name, "replay_");
	return mem_printf("%s/test/fuzz/corpus/%s", top ? top : ".", target ? target + strlen("replay_") : name);
}

static unsigned replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;
	if (folder == NULL) {
		fprintf(stderr, "%s: not a readable folder\n", path);
		exit(1);
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		char *file = mem_printf("%s/%s", path, entry->d_name);
		count += replay_file(file);
		mem_free(file);
	}
	closedir(folder);
	return count;
}

static unsigned replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	if (file == NULL || fstat(fileno(file), &st) != 0) {
		fprintf(stderr, "%s: not readable\n", path);
		exit(1);
	}
	size_t size = (size_t)st.st_size;
	uint8_t *bytes = mem_alloc(size);
	size_t len = fread(bytes, 1, size, file);
	fclose(file);
	/* Shown before the run: the last name is the one that failed. */
	if (getenv("REPLAY_NAMES")) {
		puts(path);
		fflush(stdout);
	}
	LLVMFuzzerTestOneInput(bytes, len);
	mem_free(bytes);
	return 1;
}
