"""
The store: the wheels that trusted runs have built before, by content key.

A run asks it before it plans, so that only what is missing is built, and leaves what it built for
the runs after it. What a store holds is believed only where the provider's own facts, and not the
entry, say which run made it; see ``docs/store.md``.
"""
