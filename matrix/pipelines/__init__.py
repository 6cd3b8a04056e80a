"""
Pipelines: a manifest or a plan as text for a CI service.

What is committed is made from the manifest's targets and runners alone; what changes with every
requirement is made at run time, from the plan. Both are pure; ``drift`` is where text meets the
files of a repository.
"""
