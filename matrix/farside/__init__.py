"""
The program that travels: ``verify`` and ``import`` with ``packaging`` and ``resolvelib`` alone.

It and the rooms above it run on CPython 3.9, where ``cli`` and its dependencies do not.
"""
