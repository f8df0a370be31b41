"""Explores the handler's own decisions through every interleaving of small worlds: docs/exploration.md."""
