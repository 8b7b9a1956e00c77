"""A release of large and small files, sent as a client sends it that may be killed.

    python publishing.py URL TOKEN FOLDER NAME

It looks first what is done, so that it can be run again after any death.
"""

import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

REPO = "ada/tasks"
TYPE = "dataset"


def publish(api: HfApi, folder: Path, name: str) -> None:
    """Let main hold the files of a folder and no others, in one commit; then tag it."""
    try:
        head = api.dataset_info(REPO).sha
    except RepositoryNotFoundError:
        api.create_repo(REPO, repo_type=TYPE)
        head = api.dataset_info(REPO).sha
    titles = [commit.title for commit in api.list_repo_commits(REPO, repo_type=TYPE)]
    if name not in titles:
        files = {
            str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()
        }
        there = set(api.list_repo_files(REPO, repo_type=TYPE)) - {".gitattributes"}
        operations = [CommitOperationAdd(path, file) for path, file in files.items()]
        operations += [CommitOperationDelete(path) for path in there - set(files)]
        api.create_commit(
            REPO,
            operations,
            commit_message=name,
            repo_type=TYPE,
            parent_commit=head,
        )
    api.create_tag(REPO, tag=name, repo_type=TYPE, exist_ok=True)


if __name__ == "__main__":
    url, token, given, version = sys.argv[1:]
    publish(HfApi(endpoint=url, token=token), Path(given), version)
