/* Memory. An allocation that fails ends the process (there is nothing sane to
 * do with a pooler that cannot remember its clients); only buffers whose size a
 * peer chose use mem_try_*, are bounded first, and fail that peer alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Never return NULL; the caller owns the result and frees it with mem_free. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void *mem_array(size_t count, size_t size); /* zeroed; ends the process on overflow */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Return NULL when memory is short. */
void *mem_try_alloc(size_t size);
void *mem_try_realloc(void *ptr, size_t size);

void mem_free(void *ptr);

/* Overwrites a secret so that the compiler cannot leave it behind. */
void mem_wipe(void *ptr, size_t size);
/* mem_wipe over the string's length, then mem_free; NULL is fine. */
void mem_free_secret(char *text);

#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))
#define MEM_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MEM_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
