"""Mutants of the handler: mistakes that a maintainer could make, each of which the simulation has to find.

A search that finds nothing says little unless it is known to find something. ``table.py`` names the mutants
and the guarantee that each one breaks, ``python -m simulator.mutants`` lets the simulation look for them.
A mutant lives in a process of its own (``child.py``); the one that searches has the handler as it is.
"""
