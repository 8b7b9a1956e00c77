"""registry/endpoints.yaml: where models that are asked live can be reached, and how.

Nothing here is part of a model's identity: an answer stays what it is when its server
moves. Keys are never written down; the declaration names the environment variable.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from fusemill.errors import DeclarationError, EngineError
from fusemill.project.declaration import Declaration
from fusemill.project.models import Name

FILE = "registry/endpoints.yaml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _fault(url: str) -> str | None:
    """What is wrong with a base URL, None where nothing is; never repeats the URL."""
    try:
        parts = urlsplit(url)
        has_host, _ = bool(parts.hostname), parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not has_host:
        return "must begin with http:// or https:// and a host"
    if "@" in parts.netloc:
        return "must not hold a user or password; name the key's variable in `key_env`"
    if parts.query or parts.fragment:
        return "must not have a query or fragment"
    return None


def _base_url(value: str) -> str:
    if _VARIABLE.fullmatch(value):
        return value
    fault = _fault(value)
    if fault:
        raise ValueError(f"a base URL {fault}; or write ${{NAME}} of a variable")
    return value


def _variable_name(value: str) -> str:
    if not _VARIABLE.fullmatch(f"${{{value}}}"):
        raise ValueError("expected the name of an environment variable, not a key")
    return value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
VariableName = Annotated[str, AfterValidator(_variable_name)]


class Limits(Declaration):
    """What one run may ask of a model at most; null: no limit."""

    requests: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None  # of prompts and answers
    usd: Annotated[float, Field(gt=0)] | None = None  # by the model's `price`


class Endpoint(Declaration):
    """How one model is reached; several base URLs are one pool."""

    base_urls: Annotated[tuple[BaseUrl, ...], Field(min_length=1)]
    key_env: VariableName | None = None
    served_as: str | None = None  # null: `model` of registry/models.yaml
    answers_as: str | None = None  # null: as it is served
    n: Annotated[int, Field(ge=1)] = 1
    send_seed: bool = True
    max_concurrency: Annotated[int, Field(ge=1)] = 64  # of each base URL
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    limits: Limits | None = None

    def variables(self) -> list[str]:
        """Names of the environment variables that it needs."""
        found = [m[1] for url in self.base_urls if (m := _VARIABLE.fullmatch(url))]
        return [*found, *([self.key_env] if self.key_env else [])]

    def urls(self, where: str, environ: Mapping[str, str] = os.environ) -> list[str]:
        """The base URLs, variables filled in, each once and without a slash at the end.

        A variable may hold several, with commas or spaces between. EngineError where
        one is not set or holds something else.

        >>> one = Endpoint(base_urls=("http://a:8000/v1/", "${MORE}"))
        >>> one.urls("", {"MORE": "http://b:8000/v1, http://a:8000/v1"})
        ['http://a:8000/v1', 'http://b:8000/v1']
        """
        found: dict[str, None] = {}
        for entry in self.base_urls:
            match = _VARIABLE.fullmatch(entry)
            if match is None:
                found[entry.rstrip("/")] = None
                continue
            values = environ.get(match[1], "").replace(",", " ").split()
            if not values:
                raise EngineError(
                    f"{where}: base_urls: environment variable {match[1]} is not set; "
                    "set it to the base URL of the server, for example "
                    f"{match[1]}=http://localhost:8000/v1"
                )
            for value in values:
                if fault := _fault(value):
                    raise EngineError(
                        f"{where}: base_urls: what environment variable {match[1]} "
                        f"holds {fault}"
                    )
                found[value.rstrip("/")] = None
        return list(found)

    def n_urls(self, environ: Mapping[str, str] = os.environ) -> int:
        """How many base URLs there are; a variable that is not set counts as one.

        >>> Endpoint(base_urls=("${MORE}",)).n_urls({"MORE": "http://a/v1 http://b/v1"})
        2
        """
        found: set[str] = set()
        for entry in self.base_urls:
            match = _VARIABLE.fullmatch(entry)
            held = environ.get(match[1], "").replace(",", " ").split() if match else []
            found |= {url.rstrip("/") for url in held or [entry]}
        return len(found)

    def key(self, where: str, environ: Mapping[str, str] = os.environ) -> str | None:
        """The key, None where none is declared; EngineError where it is not usable."""
        if self.key_env is None:
            return None
        key = environ.get(self.key_env, "").strip()
        if not key:
            raise EngineError(
                f"{where}: key_env: environment variable {self.key_env} is not set; "
                "set it to the key of this endpoint"
            )
        if not key.isascii() or not key.isprintable():
            raise EngineError(
                f"{where}: key_env: what environment variable {self.key_env} holds "
                "cannot be sent as a key; expected printable ASCII characters"
            )
        return key


class Endpoints(Declaration):
    """registry/endpoints.yaml: by the model's name in registry/models.yaml."""

    endpoints: dict[Name, Endpoint]


def where_of(model: str) -> str:
    """Place of a model's endpoint, for messages."""
    return f"{FILE}: endpoints.{model}"


def declared_endpoint(endpoints: Mapping[str, Endpoint], model: str) -> Endpoint:
    """The endpoint of a model; DeclarationError where none is declared."""
    if model not in endpoints:
        raise DeclarationError(
            f"{FILE}: no endpoint for `{model}`; a model that is asked live needs one: "
            "serve it (for open weights, `vllm serve`) and write its base URL there"
        )
    return endpoints[model]
