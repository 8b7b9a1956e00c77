"""Training a target on a pinned release; the trainers themselves are TRL's.

Needs torch: `pip install 'fusemill[train]'`.
"""
