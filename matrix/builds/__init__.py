"""
Building: one job of the plan becomes wheels in a directory, through cibuildwheel.

``plan`` says what a job owes; this room turns it into a configuration (pure: text and variables),
runs the pinned cibuildwheel of the job's lane with nothing inherited that was not asked for, and
hands out only wheels that answer the job's targets. Whether they are all that the plan owes is for
``bundle`` to say.
"""
