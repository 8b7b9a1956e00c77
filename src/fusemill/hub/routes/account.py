"""Who one is, and what clients ask before they publish a card.

GET   /api/whoami-v2
POST  /api/validate-yaml
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fusemill.hub.access import reader
from fusemill.hub.bodies import json_object, text

LONGEST_CARD = 200_000  # characters of a card's metadata


def whoami(request: Request) -> JSONResponse:
    """The user of the token. 401 without one."""
    token = reader(request)
    role = {"displayName": token.name, "role": token.rights, "createdAt": token.created}
    return JSONResponse(
        {
            "type": "user",
            "id": token.name,
            "name": token.name,
            "fullname": token.name,
            "isPro": False,
            "canPay": False,
            "orgs": [],
            "auth": {"type": "access_token", "accessToken": role},
        }
    )


async def validate_yaml(request: Request) -> JSONResponse:
    """400 with the errors where a card's metadata is not a YAML mapping."""
    content = text(await json_object(request), "content")
    try:
        metadata = card_metadata(content)
    except ValueError as error:
        errors = [{"message": str(error)}]
        return JSONResponse({"errors": errors, "warnings": []}, status_code=400)
    warnings = [] if metadata else [{"message": "no YAML metadata at the top"}]
    return JSONResponse({"errors": [], "warnings": warnings})


def card_metadata(card: str) -> dict[str, Any]:
    """The YAML between `---` lines at the top of a card; empty where there is none.

    ValueError where it is no mapping, or is too long.
    """
    head, *rest = card.removeprefix("\ufeff").splitlines() or [""]
    if head.rstrip() != "---":
        return {}
    lines = [line.rstrip() for line in rest]
    if "---" not in lines:
        return {}
    block = "\n".join(rest[: lines.index("---")])
    if len(block) > LONGEST_CARD:
        raise ValueError(f"metadata of over {LONGEST_CARD} characters")
    try:
        found = YAML(typ="safe").load(block)
    except (YAMLError, RecursionError) as error:
        raise ValueError(f"metadata is not YAML: {error}") from None
    if found is not None and not isinstance(found, dict):
        raise ValueError(f"metadata: expected a mapping, found {type(found).__name__}")
    return found or {}


ROUTES = [
    Route("/api/whoami-v2", whoami),
    Route("/api/validate-yaml", validate_yaml, methods=["POST"]),
]
