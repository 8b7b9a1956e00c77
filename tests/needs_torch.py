"""`from needs_torch import torch`: skips a module without torch, fails it in CI."""

import importlib.util
import os

import pytest

if importlib.util.find_spec("torch") is None and not os.environ.get("CI"):
    pytest.skip(
        "torch is not installed: pip install 'fusemill[train]'",
        allow_module_level=True,
    )

import torch

torch.set_num_threads(1)  # on tiny matrices more threads only wait for one another
