"""
The toolchain: everything that the lanes would download while they build, as a directory that can be
carried to runners without internet.

Which files these are is read from the cibuildwheel releases themselves when the directory is made,
and so are their addresses: the facts of a lane age with the lane, and no list of ours has to
follow.
"""
