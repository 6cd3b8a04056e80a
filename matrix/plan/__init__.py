"""
The plan: what exists, what must be built, by whom, and what each job owes.

A pure value: no time, no machine, no network. It is the preview in the merge request, the protocol
between the jobs of a pipeline, and what collecting compares with.
"""
