"""The exact back end: one set of clauses for a model and its examples, decided by a SAT solver."""
