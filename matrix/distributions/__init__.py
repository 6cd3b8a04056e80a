"""
Distributions: the files of a release, wheels and sdists, read from their own bytes.

Names, versions, tags and specifiers are ``packaging``'s; this room adds only what it leaves out:
opening the files.
"""
