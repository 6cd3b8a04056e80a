"""
Import verified bundles into the servers and directories that clients install from.

Each kind of destination is a module of this room. Nothing is served that ``verify`` has not proven.
"""
