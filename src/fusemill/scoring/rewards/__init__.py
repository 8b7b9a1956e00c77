"""Reward models: (conversation, answer) → score, on this machine or behind a server.

Torch and transformers come with `pip install 'fusemill[train]'`; only the modules that
need them (states, armorm, classifier) import them.
"""
