"""
A carried bundle, verified and proven where nothing can be downloaded.

Together with ``errors``, ``edge``, ``distributions`` and ``record`` this room travels into the
closed network. It cannot import the code that wrote the bundle: the verifier must not repeat the
mistakes of the writer.
"""
