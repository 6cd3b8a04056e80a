"""
The machine's edge: files, archives, programs, progress.

The rooms below compute values; what touches a disk, starts a program or draws on a terminal goes
through here, once, so that "interrupted is safe" and "show the command first" are true everywhere.
"""
