"""
What wheels really hold and need: the libraries inside them, and the bill of materials.

Between the store's wheels and the bundle: this room reads files and judges them, and builds none.
"""
