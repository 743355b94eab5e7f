"""Random models: a naive meaning, a generator, and what must hold for all of them."""
