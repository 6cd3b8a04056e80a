"""
Distributions: the files of a release, wheels and sdists, as far as their own bytes tell.

Names, versions, tags and specifiers are ``packaging``'s; this room adds only what it leaves out:
opening the files.
"""
