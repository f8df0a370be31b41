"""What AWS is, as data: statuses, transitions, limits, numbers of tries, and what AWS leaves open.

The embedded AWS and the simulation of the tests both read it, so that neither knows better than the other.
Only values that a page of AWS, the model of its API or a public report gives; each says which. Nothing here
imports anything but the standard library.
"""
