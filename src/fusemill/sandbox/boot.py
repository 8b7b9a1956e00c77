"""Starting a trusted process of the sandbox: fresh, small, standard library only."""

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent

# fusemill and fusemill.sandbox become packages without their __init__ being run, which
# would need installed packages and make every fork slower.
BOOT = """
import sys, types
home, module, fd = sys.argv[1:]
for name, path in (("fusemill", home), ("fusemill.sandbox", home + "/sandbox")):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [path]
sys.argv[:] = [""]
sys.orig_argv[:] = [""]
import importlib
importlib.import_module("fusemill.sandbox." + module).main(int(fd))
"""

# Fixed, so that no verdict depends on the order of a set: at 1, where every reference
# of LeetCodeDataset passes its own tests (at 0 word-ladder-ii lists its paths the other
# way round). One thread a library, since a process with threads must not be forked.
ENVIRONMENT = {
    "PYTHONHASHSEED": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}


def start(module: str, fd: int, stderr: int | None = None) -> subprocess.Popen[bytes]:
    """The process that runs `fusemill.sandbox.<module>.main(fd)`.

    Its environment is ENVIRONMENT and nothing else; of our descriptors it has `fd`
    and `stderr` only.
    """
    # -I would do all of this but ignore PYTHONHASHSEED.
    command = [sys.executable, "-s", "-S", "-P", "-B", "-X", "utf8"]
    return subprocess.Popen(  # noqa: S603
        [*command, "-c", BOOT, str(PACKAGE), module, str(fd)],
        env=ENVIRONMENT,
        pass_fds=(fd,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if stderr is None else stderr,
        cwd=os.sep,
        start_new_session=True,
    )
