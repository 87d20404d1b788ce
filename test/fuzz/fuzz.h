/* What every fuzz target defines. libFuzzer calls it when built by clang; replay.c
 * calls it with the files of the corpus otherwise. It ends the process
 * (abort, or a sanitizer) on a finding. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0 (libFuzzer's interface). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Like assert, but never compiled out. */
#define FUZZ_CHECK(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                      \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)
