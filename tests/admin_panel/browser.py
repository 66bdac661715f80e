"""Reads staff pages as a strict reader would: `Page` refuses a page without title, a form without its token, or
anything inline that the content security policy would stop."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.staff_floor import PASSWORD


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.language: dict[str, str] = {}
        self.title = ""
        self.headings: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.check()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        assert "style" not in given, f"inline style: {given}"
        assert not any(name.startswith("on") for name in given), f"inline script: {given}"
        assert tag != "style", "inline style sheet"
        if tag == "script":
            assert given.get("src", "").startswith("/staff/static/"), f"inline or foreign script: {given}"
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "html":
            self.language = given
        if tag == "form":
            self.forms.append({**given, "fields": {}})
        if tag == "a":
            self.links.append(given["href"])
        if tag == "label":
            self.labelled.add(given.get("for", "inside"))
        if tag == "input" and self.forms:
            self.forms[-1]["fields"][given.get("name", "")] = given.get("value", "")
            self.inputs.append(given)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title" and "svg" not in self.open:
            self.title += data
        if "h1" in self.open:
            self.headings.append(data.strip())

    def check(self) -> None:
        assert self.title.strip(), "a page has a title"
        assert [text for text in self.headings if text], "a page has one heading of the first level"
        assert self.language.get("lang") in ("en", "ar")
        assert self.language.get("dir") == ("rtl" if self.language["lang"] == "ar" else "ltr")
        for form in self.forms:
            if form.get("method") == "post":
                assert form["fields"].get("form_token"), f"a form without token: {form}"
        assert len(self.ids) == len(set(self.ids)), "ids are unique"
        for given in self.inputs:
            if given.get("type") not in ("hidden", "radio", "checkbox"):
                assert given.get("id") in self.labelled, f"a field without label: {given}"

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.html))

    def form(self, action: str) -> dict[str, Any]:
        """The only form whose address ends so; where one searches and one changes, the one that changes."""
        found = [form for form in self.forms if form.get("action", "").endswith(action)]
        found.sort(key=lambda form: form.get("method") != "post")
        assert len({form.get("method") for form in found}) == len(found) > 0, found
        return found[0]


class Browser:
    """One browser of one person."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, *, status: int = 200) -> Page:
        answer = self.client.get(path)
        assert answer.status_code == status, (answer.status_code, answer.headers.get("Location"), answer.text)
        return Page(answer.text)

    def send(self, page: Page, action: str, *, file: tuple[Any, str] | None = None, **fields: str) -> Any:
        """Fill in and send the form; the bare answer."""
        form = page.form(action)
        data: dict[str, Any] = {**form["fields"], **fields, **({"file": file} if file else {})}
        kind = "multipart/form-data" if file else "application/x-www-form-urlencoded"
        return self.client.post(form["action"], data=data, content_type=kind)

    def sent(self, page: Page, action: str, **fields: Any) -> Page:
        """Fill in and send the form, then read the page that follows."""
        answer = self.send(page, action, **fields)
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return self.get(answer.headers["Location"])

    def sign_in(self, login: str) -> Browser:
        answer = self.send(self.get("/staff/sign-in"), "/staff/sign-in", login=login, password=PASSWORD)
        assert answer.headers["Location"] == "/staff", answer.headers
        return self
