"""The API fuzzed from its own description: nothing that can be sent makes it fail."""

from __future__ import annotations

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plugin.control.conftest import make_stage
from schemathesis import GenerationMode
from streamv2v_cam.control.guard import PICTURE_PATH
from streamv2v_cam.control.limits import Bucket, Limits

OPERATIONS = [
    ("DELETE", "/api/looks/{name}"),
    ("DELETE", "/api/models/{name}"),
    ("GET", "/api/cameras"),
    ("GET", "/api/controls"),
    ("GET", "/api/doctor"),
    ("GET", "/api/doctor/bundle"),
    ("GET", "/api/engine/model"),
    ("GET", "/api/engine/servers"),
    ("GET", "/api/engine/size"),
    ("GET", "/api/history"),
    ("GET", "/api/looks"),
    ("GET", "/api/looks/file"),
    ("GET", "/api/looks/{name}/file"),
    ("GET", "/api/looks/{name}/thumbnail"),
    ("GET", "/api/loras"),
    ("GET", "/api/models"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/references"),
    ("GET", "/api/state"),
    ("GET", "/api/stream"),
    ("GET", "/api/welcome"),
    ("GET", "/api/welcome/cameras/{id}"),
    ("PATCH", "/api/controls"),
    ("PATCH", "/api/looks/{name}"),
    ("POST", "/api/commands"),
    ("POST", "/api/engine/model"),
    ("POST", "/api/engine/size"),
    ("POST", "/api/looks"),
    ("POST", "/api/looks/file"),
    ("POST", "/api/looks/{name}/copy"),
    ("POST", "/api/models/{name}/download"),
    ("POST", "/api/models/{name}/pause"),
    ("POST", "/api/obs/state"),
    ("POST", "/api/on_demand"),
    ("POST", "/api/prompt"),
    ("POST", "/api/references/frame"),
    ("POST", "/api/references/picture"),
    ("POST", "/api/source"),
    ("POST", "/api/welcome"),
]
NOT_BY_CHANCE = {
    "/api/doctor",
    "/api/doctor/bundle",
    "/api/engine/model",
    "/api/engine/size",
    "/api/history",
    "/api/looks/file",
    "/api/looks/{name}",
    "/api/looks/{name}/copy",
    "/api/looks/{name}/file",
    "/api/looks/{name}/thumbnail",
    "/api/models/{name}",
    "/api/models/{name}/download",
    "/api/models/{name}/pause",
    "/api/on_demand",
    "/api/references/frame",
    "/api/references/picture",
    "/api/source",
    "/api/welcome",
    "/api/welcome/cameras/{id}",
}
"""Their names are not guessed, or this stage has none of it."""
BRIEF = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    stage = make_stage(tmp_path_factory.mktemp("fuzz"), limits=Limits(*(Bucket(1e9, 1e9) for _ in range(4))))
    stage.server.start()
    yield stage
    stage.server.stop()


@pytest.fixture(scope="module")
def client(fuzzed):
    with fuzzed.client() as client:
        yield client


@pytest.fixture(scope="module")
def session(fuzzed):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {fuzzed.token.current()}"
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def described(client):
    return schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())


def test_every_operation_of_the_description_is_fuzzed(described):
    found = [(result.ok().method.upper(), result.ok().path) for result in described.get_all_operations()]
    assert sorted(found) == OPERATIONS


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_that_can_be_sent_makes_the_server_fail(fuzzed, session, described, method, path, mode):
    operation = described[path][method]
    if mode is GenerationMode.NEGATIVE and method == "GET":
        return  # nothing can be sent wrong where nothing is sent
    documented = {int(code) for code in operation.definition.raw["responses"] if code.isdecimal()}
    statuses: set[int] = set()

    @settings(BRIEF, max_examples=20 if method != "GET" else 3)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case) -> None:
        answer = case.call(base_url=fuzzed.address, session=session, timeout=20)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        assert answer.status_code in documented | {405}

    ask()
    if mode is GenerationMode.POSITIVE:
        assert 200 in statuses or path in NOT_BY_CHANCE, statuses


@settings(BRIEF, max_examples=40)
@given(
    body=st.binary(max_size=400),
    path=st.sampled_from([path for method, path in OPERATIONS if method != "GET" and "{" not in path]),
)
def test_any_bytes_as_a_body_are_refused_in_words(client, body, path):
    method = "PATCH" if path.endswith("controls") else "POST"
    kind = "image/png" if path == PICTURE_PATH else "application/json"
    answer = client.request(method, path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (200, 400, 422)
    assert answer.is_success or answer.json()["error"]


@settings(BRIEF, max_examples=40)
@given(path=st.text(max_size=60))
def test_any_path_is_answered(client, path):
    try:
        answer = client.get("/" + path)
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError):
        return  # the client itself refuses it
    assert answer.status_code < 500
