"""
A lock's share of one target, as files that other tools install from.

``selecting`` takes one target's share of the lock, ``sources`` finds where its wheels are, and each
format is a function from that to text.
"""
