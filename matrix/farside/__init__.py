"""
The far side: a carried bundle, verified, proven and imported where nothing can be downloaded.

Together with ``errors``, ``edge``, ``distributions`` and ``record`` this room travels alone. It
cannot reach the code that wrote the bundle: whoever checks must not reuse the writer's mistakes.
"""
