"""Which files are large files whatever their size, as every new repository says."""

import codecs

from fusemill.hub.names import suffix

INLINE_MAX = 5 << 20  # bytes; what is larger goes by LFS
# fmt: off
SUFFIXES = (
    ".7z", ".arrow", ".avro", ".bin", ".bz2", ".ckpt", ".duckdb", ".feather", ".ftz",
    ".gguf", ".gz", ".h5", ".joblib", ".jpeg", ".jpg", ".lz4", ".mlmodel", ".model",
    ".mp3", ".mp4", ".msgpack", ".npy", ".npz", ".onnx", ".ot", ".parquet", ".pb",
    ".pickle", ".pkl", ".png", ".pt", ".pth", ".rar", ".safetensors", ".tar", ".tflite",
    ".tgz", ".wasm", ".wav", ".webp", ".xz", ".zip", ".zst",
)
# fmt: on


def attributes() -> str:
    """The .gitattributes of a new repository."""
    rule = "filter=lfs diff=lfs merge=lfs -text"
    return "".join(f"*{end} {rule}\n" for end in SUFFIXES)


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Whether a file goes by LFS: its suffix, its size, or bytes that are no text.

    >>> is_large("a.parquet", 10, b""), is_large("README.md", 10, b"# A")
    (True, False)
    >>> [is_large("zh.sql", 9, "编程题".encode()[:n]) for n in (6, 7, 8)]
    [False, False, False]
    """
    if suffix(path) in SUFFIXES or size > INLINE_MAX:
        return True
    try:
        # The sample may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return True
    return b"\0" in sample
