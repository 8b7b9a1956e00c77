"""vLLM's process ends when the one that samples ends, however that ends.

vLLM runs the model in a child. Left alone it outlives a parent that is killed, and
holds the GPU. vLLM calls what is registered as `vllm.general_plugins` in each of its
processes.
"""

import os
import signal

from fusemill.sandbox import kernel

PARENT = "FUSEMILL_VLLM_PARENT"  # variable with the process that samples


def bind_children() -> None:
    """From now on, vLLM's child ends with this process."""
    os.environ[PARENT] = str(os.getpid())


def end_with_parent() -> None:
    """In the child: be killed when the parent ends. Elsewhere nothing is done."""
    if os.environ.get(PARENT) == str(os.getppid()):
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
