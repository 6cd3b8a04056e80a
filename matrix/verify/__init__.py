"""
A carried bundle, verified and proven where nothing can be downloaded.

Together with ``errors``, ``edge``, ``distributions`` and ``record`` this room travels alone. It
cannot reach the code that wrote the bundle: the verifier must not reuse the writer's mistakes.
"""
