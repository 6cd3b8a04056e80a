"""
The configuration of a build: what cibuildwheel is given, and the content key, its digest.

A function of the recipe, the lane, the image, the targets and the locked build requirements. No
path and no variable of one machine is in it: ``builds`` fills those in by a ``Placement``, and the
content key is computed with placeholders in their place. So ``plan``, which decides what is reused,
and ``builds``, which builds, cannot disagree about what decides a wheel's bytes.
"""
