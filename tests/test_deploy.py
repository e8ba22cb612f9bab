"""The container's recipe and the manifest name what there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamv2v_cam.engine.remote.fleet.plan import FleetPlan

from installer.steps import torch_version

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"


def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text("utf-8")))


def pods() -> list[dict[str, Any]]:
    cluster = documents()[1]["spec"]["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def serve_config() -> dict[str, Any]:
    return yaml.safe_load(documents()[1]["spec"]["serveConfigV2"])


def plain_config() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "serve.yaml").read_text("utf-8"))


def test_everything_that_the_recipe_copies_is_there_and_let_through() -> None:
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    let_through = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = [name for line in re.findall(r"^COPY (.+)$", recipe, re.MULTILINE) for name in line.split()[:-1]]
    assert {"streamv2v", "plugin", "pyproject.toml"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in let_through, f"{name} never reaches the builder"


def test_the_recipe_reads_the_version_of_torch_that_the_installer_reads() -> None:
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert "sed -n 's/^torch==//p' installer/constraints.txt" in recipe
    assert torch_version((ROOT / "installer" / "constraints.txt").read_text("utf-8"))


@pytest.mark.parametrize("config", [serve_config, plain_config])
def test_a_configuration_gives_the_fleet_only_what_it_takes(config: Callable[[], dict[str, Any]]) -> None:
    (application,) = config()["applications"]
    module, _, builder = application["import_path"].partition(":")
    source = (ROOT / "plugin" / f"{module.replace('.', '/')}.py").read_text("utf-8")
    assert f"def {builder}(args:" in source
    taken = {field.name for field in fields(FleetPlan)} - {"config", "fingerprint"} | {"config"}
    assert set(application["args"]) <= taken


def test_every_fleet_is_reached_by_tls_alone_and_no_line_has_its_seconds_counted() -> None:
    for config in (serve_config(), plain_config()):
        http = config["http_options"]
        assert http["ssl_certfile"] and http["ssl_keyfile"]
        assert not http.get("request_timeout_s")
        assert config["applications"][0]["name"] == "streamv2v", "the name that `serve --ray --pair` looks for"


def test_every_volume_of_the_manifest_is_declared_and_every_file_lies_in_one() -> None:
    claims = {document["metadata"]["name"] for document in documents() if document["kind"] == "PersistentVolumeClaim"}
    for pod in pods():
        declared = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= declared
            assert "/fleet" in {mount["mountPath"] for mount in container["volumeMounts"]}, "the proxy's certificate"
        named = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod["volumes"]
            if "persistentVolumeClaim" in volume
        }
        assert named <= claims
    http = serve_config()["http_options"]
    assert http["ssl_certfile"].startswith("/fleet/") and http["ssl_keyfile"].startswith("/fleet/")


def test_the_cluster_lets_nobody_in_without_its_token_and_the_paired_hosts_stay_with_the_head() -> None:
    head, *workers = pods()
    for pod in (head, *workers):
        (container,) = pod["containers"]
        assert {entry["name"] for entry in container["env"]} >= {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"}
        assert pod["securityContext"]["runAsUser"] != 0
    mounted = {mount["mountPath"] for mount in head["containers"][0]["volumeMounts"]}
    assert serve_config()["applications"][0]["args"]["hosts"] in mounted
