"""
Targets: one interpreter on one platform, and what follows from that.

A target is written down as a full version and a platform tag; marker environment, compatible tags,
build identifier and lane are computed from these two and never measured, because the machine that
plans is none of the targets.
"""
