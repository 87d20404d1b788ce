/* Effects: what a statement may leave behind, found by a walk over all of its tree. Unlike the
 * analyser this answers for every statement, routed or not, with a map or without:
 * the session layer lives by it. */
#pragma once

#include "route/trust.h"

/* Adds to the statement's own effects and pin what its query does, and what its target's defaults do. */
void effects_gather(const struct trust *trust, struct statement *statement);

/* True if a column of this relation that the INSERT (or COPY with a CLAUSE_COLUMNS) does not
 * surely give a value may be filled by a default of that kind. */
bool effects_leaves_default(const struct map_relation *relation, const struct tree *insert, enum map_default kind);
