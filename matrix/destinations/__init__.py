"""
Verified bundles, imported into what clients of the closed network install from.

Each kind of destination is a module of this room; all are held to what ``verify`` has proven.
"""
