"""
The record: what a bundle says of itself, and how its pages and proofs are written down.

This room is all that the writer of a bundle and its verifier share. It is pure: text in, values
out, and back.
"""
