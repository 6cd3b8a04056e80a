"""
The manifest: ``packages.yaml`` as frozen Python values.

``reading.read`` is pure. It walks YAML nodes rather than loaded objects for three reasons: every
problem can name its line, a repeated key is an error instead of a silent overwrite, and ``3.10``
stays the text that the author wrote. The same annotated types make the reader, the JSON Schema and
the reference page, so the three cannot drift apart.
"""
