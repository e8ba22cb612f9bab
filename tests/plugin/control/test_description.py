"""The API's own description (OpenAPI): every route is in it, with what its body may be."""

from __future__ import annotations

from threading import Event

from fastapi.routing import APIRoute
from streamv2v_cam.control.guard import PICTURE_PATH, TICKET_PATH
from streamv2v_cam.control.limits import Limits
from streamv2v_cam.control.routes import OPEN_PATHS, make_application

from streamv2v.controls import CONTROL_NAMES


def test_the_description_names_every_control_with_its_range(stage):
    with stage.client() as client:
        described = client.get("/api/openapi.json").json()
    patch = described["paths"]["/api/controls"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(patch["properties"]) == set(CONTROL_NAMES)
    assert (patch["properties"]["strength"]["minimum"], patch["properties"]["strength"]["maximum"]) == (0.0, 1.0)
    assert described["security"] == [{"token": []}]


def test_every_route_that_needs_the_token_is_in_the_description(stage):
    """But the addresses of the live pictures, whose keys are made for each run and told by `/api/stream`."""
    app = make_application(stage.desk, Event(), token=stage.token, limits=Limits(), redeem=lambda _: None)
    routes = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, APIRoute) and route.path not in OPEN_PATHS
        for method in route.methods or ()
    }
    described = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert routes - described == {("POST", TICKET_PATH), ("GET", "/stream/{key}.mjpg")}


def test_the_body_of_a_picture_is_described_as_a_file_of_the_kinds_that_are_taken(stage):
    with stage.client() as client:
        bring = client.get("/api/openapi.json").json()["paths"][PICTURE_PATH]["post"]
    assert set(bring["requestBody"]["content"]) == {"image/png", "image/jpeg", "image/webp", "image/bmp"}
    assert bring["parameters"][0]["name"] == "title"
