"""What the real Hub has and this one has not: refused, and the user is told why."""

from collections.abc import Callable

import pytest
from hub_server import HubServer
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

TASKS = "ada/tasks"


@pytest.fixture(autouse=True)
def _private_dataset(hub: HubServer) -> None:
    hub.api.create_repo(TASKS, repo_type="dataset", private=True, exist_ok=True)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            lambda api: api.super_squash_history(TASKS, repo_type="dataset"),
            "it keeps every commit",
        ),
        (
            lambda api: api.create_pull_request(TASKS, "title", repo_type="dataset"),
            "it has no pull requests and no discussions",
        ),
        (
            lambda api: list(api.get_repo_discussions(TASKS, repo_type="dataset")),
            "it has no pull requests and no discussions",
        ),
        (
            lambda api: api.move_repo(TASKS, "ada/other", repo_type="dataset"),
            "it renames no repositories",
        ),
        (
            lambda api: api.duplicate_repo(TASKS, "ada/other", repo_type="dataset"),
            "it copies no repositories",
        ),
        (
            lambda api: api.create_repo("ada/s", repo_type="space", space_sdk="static"),
            "type 'space': expected dataset or model",
        ),
        (
            lambda api: api.update_repo_settings(
                TASKS, repo_type="dataset", gated="auto"
            ),
            "no gated repositories",
        ),
    ],
)
def test_it_is_said_what_is_not_there(
    hub: HubServer, call: Callable[[HfApi], object], why: str
) -> None:
    with pytest.raises(HfHubHTTPError, match=why) as error:
        call(hub.api)
    assert error.value.response.status_code in (400, 404)


def test_an_upload_by_xet_fails_at_once(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hf_xet")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    with pytest.raises(Exception, match=r"404 .*xet-write-token"):
        hub.api.upload_file(
            path_or_fileobj=bytes(100),
            path_in_repo="a.parquet",
            repo_id=TASKS,
            repo_type="dataset",
        )


def test_other_settings_leave_what_is_private_private(hub: HubServer) -> None:
    hub.api.update_repo_settings(TASKS, repo_type="dataset", gated=False)
    with pytest.raises(BadRequestError):
        hub.api.update_repo_settings(TASKS, repo_type="dataset", gated="manual")
    assert hub.api.dataset_info(TASKS).private
