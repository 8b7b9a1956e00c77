"""Publishing a trained model."""

from fusemill.errors import TrainError
from fusemill.release.repository import Repository
from fusemill.train.run import Run

# What stays here: what only going on needs, and weights that were not chosen.
_KEPT = ["checkpoint-*", "final/*", "runs/*", ".*"]


def push(run: Run, repo: str) -> str:
    """Upload the output folder to a model repository; returns the commit.

    A new one is private; one that is there stays as public as it is.
    TrainError where the Hub refuses or is not there; the weights stay here.
    """
    api = Repository.named(repo).api
    try:
        api.create_repo(repo, repo_type="model", private=True, exist_ok=True)
        done = api.upload_folder(
            repo_id=repo,
            folder_path=run.output,
            ignore_patterns=_KEPT,
            commit_message=f"{run.asked.stage} on {run.asked.data}",
        )
    except Exception as error:  # the client's transport errors have no common base
        said = " ".join(str(error).split())
        raise TrainError(
            f"--push-to {repo}: {type(error).__name__}: {said}. The weights are in "
            f"{run.output}; set HF_TOKEN to one that may write there, and run again"
        ) from error
    return str(done.oid)
