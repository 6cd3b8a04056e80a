"""
A package index as values: releases of a project, and the core metadata of a distribution.

The protocol is the Simple API (PEP 503, 691, 700). A page is sorted by version, its files are
read on demand (``page``), and it is cached in that form and revalidated rather than parsed again
(``pages``, ``cache``). Core metadata comes from the file beside the distribution where the
index offers one (PEP 658, 714), else from a ranged read of the wheel, else from the whole file
(``wheel_metadata``). A second index serves the projects of the house, and no project comes from
both (``index_pair``).
"""
