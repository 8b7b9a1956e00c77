"""The scratch folder of a zygote: how full it is, and emptying it."""

import os

FULL = 1 << 62


def used_bytes(folder: str) -> int:
    """What lies in `folder`, at least a block a name; FULL when it cannot be read."""
    total = 0

    def cannot(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # gone between two looks
            raise error

    try:
        for root, folders, files in os.walk(folder, onerror=cannot):
            total += 4096 * (len(folders) + len(files))
            for name in files:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    except FileNotFoundError:
        return total
    except (OSError, RecursionError):
        return FULL
    return total


def empty(folder: str) -> bool:
    """Remove everything in `folder`; False when something could not be."""
    import shutil  # which loads three libraries that forks would have to carry

    for entry in os.scandir(folder):
        try:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        except (OSError, RecursionError):
            return False
    return True
