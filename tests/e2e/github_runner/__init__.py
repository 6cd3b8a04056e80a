"""
GitHub Actions, as much of it as this project's workflows use, on this machine and without GitHub.

Expressions are evaluated by GitHub's own package; jobs, steps, outputs and artifacts follow its
documented rules, and the undocumented ones that have hurt people: artifacts are immutable, a
pattern that matches one artifact makes no directory, success() looks at all ancestors. What is not
known here is refused, never passed over: a workflow that runs was understood whole.
"""
