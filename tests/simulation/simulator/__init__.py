"""A deterministic simulation of everything around the handler: one seed decides all that happens."""
