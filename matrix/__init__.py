"""The wheel matrix: requirements in, a proven bundle of wheels out."""

# Every Python from 2.7 on reads this file before __main__.py can say which one is needed.
__version__ = "0.1.0"
