/* Memory: malloc with one way to fail. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *ptr, size_t size)
{
	if (ptr == NULL) {
		fprintf(stderr, "pgshunt: out of memory (%zu bytes)\n", size);
		abort();
	}
	return ptr;
}

void *mem_alloc(size_t size)
{
	return or_die(malloc(size ? size : 1), size);
}

void *mem_zalloc(size_t size)
{
	return or_die(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *ptr, size_t size)
{
	return or_die(realloc(ptr, size ? size : 1), size);
}

void *mem_array(size_t count, size_t size)
{
	return or_die(calloc(count ? count : 1, size ? size : 1), count);
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return or_die(text, 0);
}

void *mem_try_alloc(size_t size)
{
	return malloc(size ? size : 1);
}

void *mem_try_realloc(void *ptr, size_t size)
{
	return realloc(ptr, size ? size : 1);
}

void mem_free(void *ptr)
{
	free(ptr);
}

void mem_wipe(void *ptr, size_t size)
{
	explicit_bzero(ptr, size);
}

void mem_free_secret(char *text)
{
	if (text) {
		mem_wipe(text, strlen(text));
		free(text);
	}
}
