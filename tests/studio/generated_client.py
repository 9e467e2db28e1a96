"""A client that is generated from the OpenAPI document alone: one method for each operation id."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

IMAGE = "image/*"


class GeneratedClient:
    """``client.queue_job(body={...})``: methods, parameters, content types and answers come from the document.

    A body is checked against its required fields and its known ones, an answer against its status and required fields.
    """

    def __init__(self, transport: Any, document: dict[str, Any]) -> None:
        self._transport, self._document = transport, document
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                call = self._operation(method.upper(), path, operation)
                call.__doc__ = operation.get("description") or operation.get("summary")
                assert operation["operationId"].isidentifier()
                assert not hasattr(self, operation["operationId"]), "operation ids must be unique"
                setattr(self, operation["operationId"], call)

    def _operation(self, method: str, path: str, operation: dict[str, Any]) -> Callable[..., Any]:
        parameters = {item["name"]: item["in"] for item in operation.get("parameters", [])}
        bodies = operation.get("requestBody", {}).get("content", {})

        def call(body: Any = None, form: Any = None, media_type: str = "image/png", **given: Any) -> Any:
            headers: dict[str, str] = {}
            query, address, options = {}, path, {}
            for name, value in given.items():
                real = next(known for known in parameters if known.lower().replace("-", "_") == name)
                if parameters[real] == "path":
                    address = address.replace(f"{{{real}}}", quote(str(value)))
                elif parameters[real] == "query":
                    query[real] = value
                else:
                    headers[real] = str(value)
            if isinstance(body, bytes):
                assert IMAGE in bodies
                options["content"], headers["content-type"] = body, media_type
            elif body is not None:
                self._check(bodies["application/json"]["schema"], body, is_answer=False)
                options["json"] = body
            if form is not None:
                self._check(bodies["multipart/form-data"]["schema"], dict(form), is_answer=False)
                options["files"] = form
            answer = self._transport.request(method, address, params=query, headers=headers, **options)
            return self._read(operation, answer)

        return call

    def _read(self, operation: dict[str, Any], answer: Any) -> Any:
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, (
            f"status {answer.status_code} is not in the document: {answer.text[:200]}"
        )
        kind = answer.headers.get("content-type", "").partition(";")[0]
        contents = described.get("content", {})
        if contents:
            assert kind in contents, f"{kind} is not in the document"
        if kind != "application/json":
            return answer
        value = answer.json()
        self._check(contents[kind]["schema"], value, is_answer=True)
        return value

    def _check(self, schema: dict[str, Any], value: Any, *, is_answer: bool) -> None:
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if not isinstance(value, dict) or "properties" not in schema:
            return
        assert set(schema.get("required", [])) <= set(value), (schema.get("title"), sorted(value))
        if not is_answer and schema.get("additionalProperties") is False:
            assert set(value) <= set(schema["properties"]), (schema.get("title"), sorted(value))
        for name, item in value.items():
            self._check(schema["properties"].get(name, {}), item, is_answer=is_answer)

    def events(self, answer: Any) -> list[tuple[str, Any]]:
        """Return the events of a stream, with their data checked against the document."""
        types = {"state": "JobInfo", "done": "JobInfo", "step": "StepEvent", "preview": "PreviewEvent"}
        found = []
        for block in answer.text.replace("\r\n", "\n").split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in lines and "data" in lines:
                data = json.loads(lines["data"])
                self._check({"$ref": f"#/{types[lines['event']]}"}, data, is_answer=True)
                found.append((lines["event"], data))
        return found
