"""Checkpoints that run on this machine: loading weights and tokenizers, padding rows.

Torch and transformers come with `pip install 'fusemill[train]'`.
"""
