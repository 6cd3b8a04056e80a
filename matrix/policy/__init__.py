"""
What may be taken, by the manifest's ``policy``: reasons against files and releases, in sentences.

The resolver asks through ``matrix.resolve.rules``; what a lock, a report or a person is told comes
from the same functions.
"""
