"""Mistakes in single rows of the handler's two tables, which the exploration has to find."""
