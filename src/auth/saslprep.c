/* SASLprep by libpgcommon, PostgreSQL's own: other libraries' tables differ from
 * the server's on single code points, and a password prepared otherwise is a wrong
 * one. The only file of this layer that includes PostgreSQL's headers. */
#include "auth/saslprep.h"

#include <common/saslprep.h>

#include <stdbool.h>

#include "base/mem.h"

static bool ascii_only(const char *text);

char *saslprep_password(const char *password)
{
	char *prepared = NULL;
	if (ascii_only(password) || strlen(password) > SASLPREP_LONGEST)
		return mem_strdup(password); /* ASCII comes out of pg_saslprep as it went in, too */
	if (pg_saslprep(password, &prepared) != SASLPREP_SUCCESS)
		return mem_strdup(password);
	return prepared; /* malloc'ed by libpgcommon: mem_free frees it */
}

static bool ascii_only(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return *text == '\0';
}
