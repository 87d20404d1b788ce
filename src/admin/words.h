/* The words of a console command. Commands are separated by semicolons; a word is
 * bare (a name, a number), "quoted" (a double quote inside is written twice), 'a
 * string' (likewise), or a single other character. */
#pragma once

#include "base/span.h"

enum word_kind {
	WORD_END, /* a semicolon or the end of the text; not taken */
	WORD_BARE,
	WORD_QUOTED,
	WORD_STRING,
	WORD_MARK,
	WORD_BAD, /* a quote that is not closed */
};

struct words {
	struct span rest;
};

struct word {
	enum word_kind kind;
	struct span text; /* without the outer quotes */
};

struct word words_next(struct words *words);
/* The next word without taking it. */
struct word words_peek(struct words words);
/* Takes semicolons and blanks; false if nothing is left. */
bool words_next_command(struct words *words);
/* The word as it is meant, inner quotes written once; the caller frees it. */
char *word_copy(const struct word *word);
/* A bare word, whatever its case. */
bool word_is(const struct word *word, const char *text);
