"""
Every reader of the house against damaged input: only documented errors may leave it.

``nox -s fuzz`` runs for a minute, or for the seconds that follow ``--``. An input that crashes a
reader is written below ``corpus/``, where ``tests/test_fuzz.py`` holds it from then on.
"""
