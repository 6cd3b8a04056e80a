"""
The toolchain: every file that lanes would download while they build, in a directory for runners
without internet.

The files and their addresses are read from the cibuildwheel releases when the directory is made, so
that there is no list of our own to maintain.
"""
