"""
Resolving: manifest and index to ``Lock``, the closure of every requirement on every target.

pip cannot resolve for a foreign target (its markers are the running interpreter's) and uv refuses
2.7, so this room does it with the libraries that both are made of: ``resolvelib`` for the search,
``packaging`` for names, versions, markers and tags.
"""
