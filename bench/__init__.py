"""Measurements: ``make bench``. Figures come from here, never from an assertion in a test."""
