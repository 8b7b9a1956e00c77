"""Who one is, and what clients ask before they publish a card.

GET   /api/whoami-v2
POST  /api/validate-yaml
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fusemill.hub.access import reader
from fusemill.hub.bodies import json_object, text
from fusemill.hub.cards import card_metadata


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
        metadata = await run_in_threadpool(card_metadata, content)
    except ValueError as error:
        errors = [{"message": str(error)}]
        return JSONResponse({"errors": errors, "warnings": []}, status_code=400)
    warnings = [] if metadata else [{"message": "no YAML metadata at the top"}]
    return JSONResponse({"errors": [], "warnings": warnings})


ROUTES = [
    Route("/api/whoami-v2", whoami),
    Route("/api/validate-yaml", validate_yaml, methods=["POST"]),
]
