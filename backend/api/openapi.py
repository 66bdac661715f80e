"""OpenAPI 3.1 from the code: what a view says with `@describe`, its access marker, its pydantic models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.api.problems import PROBLEMS

View = TypeVar("View", bound=Callable[..., Any])
PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
KINDS = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}
HIDDEN = ("/", "/staff", "/static")  # pages are no API


@dataclass(frozen=True, slots=True)
class Described:
    summary: str
    body: type[BaseModel] | None = None
    multipart: Mapping[str, str] | None = None  # field → what it holds
    query: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, type[BaseModel] | str | None] = field(default_factory=dict)  # str: a media type
    problems: tuple[str, ...] = ()
    idempotent: bool = False
    body_bytes_max: int | None = None


def describe(summary: str, **more: Any) -> Callable[[View], View]:
    """Documentation of a view, and its limit on the body's size where it differs from the common one."""

    def mark(view: View) -> View:
        view.described = Described(summary, **more)  # type: ignore[attr-defined]
        return view

    return mark


def document(app: Flask, version: str) -> dict[str, Any]:
    operations = [
        (rule, method, view)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if hasattr(view := app.view_functions[rule.endpoint], "described")
    ]
    models = models_of(view for _, _, view in operations)
    refs, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    names = {model: refs[(model, "validation")] for model in models}
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view in operations:
        path = PARAMETER.sub(lambda found: "{" + found["name"] + "}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = operation(rule.rule, rule.endpoint, method, view, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SmartPayFC",
            "version": version,
            "description": "Scan, prove who you are, pay, collect.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {
                "access": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "device": {"type": "apiKey", "in": "header", "name": "Device-Proof"},
                "staff": {"type": "http", "scheme": "bearer"},
            },
        },
    }


PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(PROBLEMS)},
        "request_id": {"type": "string"},
    },
}


def models_of(views: Any) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    for view in views:
        said: Described = view.described
        for model in (said.body, *said.answers.values()):
            if inspect.isclass(model) and issubclass(model, BaseModel):
                found[model] = None
    return list(found)


def operation(rule: str, endpoint: str, method: str, view: Any, names: Mapping[Any, Any]) -> dict[str, Any]:
    said: Described = view.described
    access: str = view.access
    described: dict[str, Any] = {
        "operationId": f"{method.lower()}_{endpoint.replace('.', '_')}",
        "tags": [endpoint.split(".")[0]],
        "summary": said.summary,
        "x-access": access,
        "security": security(access),
        "parameters": parameters(rule, said),
        "responses": responses(rule, said, access, names),
    }
    content: dict[str, Any] = {}
    if said.multipart:
        properties = {name: {"type": "string", "description": text} for name, text in said.multipart.items()}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": properties}}
    if said.body:
        content["application/json"] = {"schema": names[said.body]}
    if content:
        described["requestBody"] = {"required": True, "content": content}
    return described


def security(access: str) -> list[dict[str, list[str]]]:
    if access == "public":
        return []
    if access == "device":
        return [{"access": [], "device": []}]
    return [{"staff": []}] if access.startswith("staff") else [{"access": []}]


def parameters(rule: str, said: Described) -> list[dict[str, Any]]:
    inside = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": KINDS.get(found["kind"] or "", {"type": "string"}),
        }
        for found in PARAMETER.finditer(rule)
    ]
    inside += [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in said.query.items()
    ]
    if said.idempotent:
        schema = {"type": "string", "minLength": 8, "maxLength": 255}
        inside.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema})
    return inside


def responses(rule: str, said: Described, access: str, names: Mapping[Any, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for status, model in said.answers.items():
        content = None
        if isinstance(model, str):
            kind = "object" if model == "application/json" else "string"
            content = {model: {"schema": {"type": kind}}}
        elif model is not None:
            content = {"application/json": {"schema": names[model]}}
        known[str(status)] = {"description": said.summary} | ({"content": content} if content else {})
    for code in codes(rule, said, access):
        entry = known.setdefault(
            str(PROBLEMS[code].status),
            {
                "description": "",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        entry["description"] = f"{entry['description']}, {code}".strip(", ")
    return known


def codes(rule: str, said: Described, access: str) -> list[str]:
    found = [*said.problems, "internal_error", "database_busy"]
    if said.body or said.multipart:
        found += ["not_json", "body_too_large", "wrong_content_type", "invalid_body"]
    if access != "public":
        found.append("sign_in_needed")
    if access == "device":
        found.append("device_proof_refused")
    if access.startswith("staff"):
        found.append("role_missing")
    if said.idempotent:
        found += [code for code in PROBLEMS if code.startswith("idempotency_")]
    if "<" in rule:
        found.append("not_found")
    return list(dict.fromkeys(found))
