"""
A package index as values: releases of a project, and the core metadata of a distribution.

The protocol is the Simple API (PEP 503, 691, 700); pages are parsed by ``pypi-simple``. Core
metadata comes from the file beside the distribution where the index offers one (PEP 658, 714), else
from a ranged read of the wheel, else from the whole file.
"""
