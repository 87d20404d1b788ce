/* EXPLAIN ROUTE [ON database] statement: where it would go, and why. */
#pragma once

struct ask;

void explain_route(struct ask *ask);
