"""Explores the handler's own deciding code through every interleaving of a small world: docs/exploration.md."""
