"""A Hub of one's own: git repositories and large files that Hub clients work with."""
