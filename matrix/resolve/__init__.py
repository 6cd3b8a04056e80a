"""
Resolving: manifest and index to ``Lock``, the closure of every requirement on every target.

pip cannot resolve for a foreign target (its markers are the running interpreter's) and uv refuses
2.7, so this room does it: with ``packaging`` for names, versions, markers and tags, as both do, and
with a search of its own (``solver``), which can say what a failure comes from. The prover of the
far side searches with ``resolvelib``, so each answer is checked by another search than ours.
"""
