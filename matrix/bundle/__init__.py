"""
The bundle: wheels and plan become one directory that is complete, proven and sealed.

Published wheels are fetched by digest, built ones are compared with what the plan owes, every
requirement is proven from the pages that will be carried, and only then does the directory get its
name.
"""
