/* Calls that do not build here: each has a bounded twin in base/buf.h or base/mem.h.
 * Included ahead of everything by the compiler's command line. The headers that
 * declare the names come first, so that only our own uses are refused. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(PGSHUNT_NO_POISON) && !defined(__SANITIZE_THREAD__)
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets
#endif
