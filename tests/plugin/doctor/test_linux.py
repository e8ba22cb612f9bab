"""What the doctor finds on Linux, from recorded facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamv2v_cam.doctor import Severity, examine
from streamv2v_cam.doctor.case import Case
from streamv2v_cam.settings import load_settings

from tests.plugin.doctor.recorded import METADATA, OBS_NODE, OURS, WEBCAM, found, linux, troubles, write

LOOPBACK = "/sys/module/v4l2loopback"


def without_module(root: Path, **facts):
    machine = linux(root, nodes=[WEBCAM], **facts)
    for path in sorted((root / LOOPBACK.lstrip("/")).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / LOOPBACK.lstrip("/")).rmdir()
    return machine


def test_a_machine_in_good_order_has_no_trouble(tmp_path: Path) -> None:
    assert not troubles(linux(tmp_path), settings={})


def test_a_machine_in_good_order_that_is_tried_out_has_no_trouble(tmp_path: Path) -> None:
    picture = '{"pictures": 30, "fps": 29.8, "width": 1280, "height": 720, "brightness": 110}'
    machine = linux(tmp_path, told={"camera": picture})
    assert not troubles(machine, settings={}, deep=True)
    assert "1280x720, 30 pictures a second" in found(machine, settings={}, deep=True)["camera.fine"].finding


CAMERAS = {
    "camera.none": {"nodes": [OURS, OBS_NODE]},
    "camera.closed": {"closed": ["/dev/video0"], "member_of": ()},
    "camera.busy": {"held": {"/dev/video0": [(71, "zoom")]}},
}


@pytest.mark.parametrize("key", CAMERAS)
def test_a_camera_that_gives_nothing_is_told_with_what_to_do(key: str, tmp_path: Path) -> None:
    assert list(troubles(linux(tmp_path, **CAMERAS[key]), settings={})) == [key]


def test_what_listens_to_a_camera_without_its_picture_does_not_hold_it(tmp_path: Path) -> None:
    assert not troubles(linux(tmp_path, held={"/dev/video0": [(9, "wireplumber")]}), settings={})


def test_who_holds_a_device_is_read_from_the_processes(tmp_path: Path) -> None:
    machine = linux(tmp_path, {"/proc/71/comm": "zoom\n", "/proc/72/comm": "bash\n"})
    for number, target in ((71, "/dev/video0"), (72, "/dev/null")):
        (tmp_path / f"proc/{number}/fd").mkdir()
        (tmp_path / f"proc/{number}/fd/3").symlink_to(target)
    assert machine.holders("/dev/video0") == [(71, "zoom")]


def test_a_group_that_was_joined_after_the_login_wants_a_new_login(tmp_path: Path) -> None:
    machine = linux(tmp_path, {"/etc/group": "video:x:44:tom,mia\n"}, closed=["/dev/video0"], member_of=())
    assert "Log out" in troubles(machine, settings={})["camera.group-later"].remedy


def test_who_is_not_in_the_group_is_told_so_of_camera_and_virtual_camera_and_of_nothing_else(tmp_path: Path) -> None:
    closed = [node.path for node in (WEBCAM, METADATA, OURS)]
    told = troubles(linux(tmp_path, closed=closed, nodes=[WEBCAM, METADATA, OURS], member_of=()), settings={})
    assert sorted(told) == ["camera.closed", "loopback.closed"]
    assert told["loopback.closed"].command == told["camera.closed"].command == "sudo usermod -aG video mia"


def test_a_webcam_that_may_not_be_opened_is_one_camera_and_our_own_node_none(tmp_path: Path) -> None:
    machine = linux(tmp_path, closed=["/dev/video0", "/dev/video1", "/dev/video10"], member_of=())
    report = examine(Case(machine, load_settings({}), deep=False))
    assert [told.finding for told in report.findings if told.key == "camera.closed"] == [
        "HD Webcam (/dev/video0) may not be opened by you."
    ]


def test_a_virtual_camera_that_may_not_be_written_yet_wants_a_new_login(tmp_path: Path) -> None:
    machine = linux(tmp_path, {"/etc/group": "video:x:44:mia\n"}, closed=["/dev/video10"], member_of=())
    assert troubles(machine, settings={})["loopback.closed"].command == "newgrp video"


def test_a_plugged_in_camera_without_a_driver_is_told_apart_from_none(tmp_path: Path) -> None:
    machine = linux(tmp_path, {"/sys/bus/usb/devices/1-2:1.0/bInterfaceClass": "0e\n"}, nodes=[OURS, OBS_NODE])
    assert "uvcvideo" in troubles(machine, settings={})["camera.no-driver"].command


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ('{"pictures": 0, "reason": "it hung"}', "camera.silent"),
        ('{"pictures": 30, "fps": 30, "width": 640, "height": 480, "brightness": 1}', "camera.dark"),
        ('{"pictures": 8, "fps": 7.5, "width": 640, "height": 480, "brightness": 90}', "camera.slow"),
        ("no JSON", "camera.silent"),
    ],
)
def test_a_camera_that_is_tried_out_is_judged_by_its_pictures(told: str, key: str, tmp_path: Path) -> None:
    assert key in troubles(linux(tmp_path, told={"camera": told}), settings={}, deep=True)


def test_our_own_camera_as_the_source_is_refused_before_it_feeds_back(tmp_path: Path) -> None:
    assert "camera.feedback" in troubles(linux(tmp_path), settings={"capture.source": "/dev/video10"})
    assert "camera.gone" in troubles(linux(tmp_path), settings={"capture.source": "/dev/video7"})


LOOPBACKS = {
    "loopback.old": ({f"{LOOPBACK}/version": "0.12.7"}, {}),
    "loopback.kernel": ({"/proc/sys/kernel/osrelease": "6.18.3"}, {}),
    "loopback.caps": ({f"{LOOPBACK}/parameters/exclusive_caps": "Y,N"}, {}),
    "loopback.only-obs": ({}, {"nodes": [WEBCAM, OBS_NODE]}),
    "loopback.label": ({}, {"nodes": [WEBCAM, replace(OURS, label="Dummy")]}),
    "loopback.closed": ({}, {"closed": ["/dev/video10"]}),
    "loopback.taken": (
        {},
        {"nodes": [WEBCAM, replace(OURS, captures=True)], "held": {"/dev/video10": [(5, "ffmpeg")]}},
    ),
    "loopback.boot": ({"/etc/modules-load.d/v4l2loopback.conf": "#v4l2loopback\n"}, {}),
}


@pytest.mark.parametrize("key", LOOPBACKS)
def test_a_virtual_camera_in_disorder_is_told_with_what_to_do(key: str, tmp_path: Path) -> None:
    files, facts = LOOPBACKS[key]
    assert list(troubles(linux(tmp_path, files, **facts), settings={})) == [key]


def test_exclusive_caps_of_the_other_node_do_not_matter(tmp_path: Path) -> None:
    assert not troubles(linux(tmp_path, {f"{LOOPBACK}/parameters/exclusive_caps": "N,Y"}), settings={})


def test_a_node_that_somebody_reads_is_not_taken_while_nothing_is_written(tmp_path: Path) -> None:
    assert not troubles(linux(tmp_path, held={"/dev/video10": [(5, "chromium")]}), settings={})


def test_of_two_nameless_nodes_the_one_that_nobody_writes_is_ours(tmp_path: Path) -> None:
    first, second = (replace(OURS, path=f"/dev/video{n}", number=n, label="Dummy video device") for n in (2, 3))
    machine = linux(
        tmp_path,
        nodes=[WEBCAM, replace(first, captures=True, outputs=False), second],
        held={"/dev/video2": [(5, "ffmpeg")]},
    )
    assert "loopback.taken" not in troubles(machine, settings={})


def test_one_node_for_two_is_a_note_where_obs_is(tmp_path: Path) -> None:
    machine = linux(tmp_path, nodes=[WEBCAM, OURS], programs=("g++", "obs"))
    assert "loopback.one" in troubles(machine, settings={})


SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
MODULES = {
    "loopback.missing": ({}, {}),
    "loopback.not-loaded": ({}, {"modinfo -F version": "0.15.0"}),
    "loopback.secure-boot": (
        {SECURE_BOOT: b"\6\0\0\0\1"},
        {"modinfo -F version": "0.15.0", "modinfo -F signer": "DKMS"},
    ),
    "loopback.not-built": ({"/usr/src/v4l2loopback-0.15.0/dkms.conf": ""}, {}),
    "loopback.image": ({"/run/ostree-booted": ""}, {}),
    "loopback.wsl": ({"/proc/sys/kernel/osrelease": "5.15.1-microsoft-standard-WSL2"}, {}),
}


@pytest.mark.parametrize("key", MODULES)
def test_why_the_module_is_not_loaded_is_told_apart(key: str, tmp_path: Path) -> None:
    files, told = MODULES[key]
    assert list(troubles(without_module(tmp_path, files=files, told=told), settings={})) == [key]


def test_secure_boot_lets_in_a_module_whose_key_is_enrolled(tmp_path: Path) -> None:
    told = {"modinfo -F version": "0.15.0", "modinfo -F signer": "Mia's key", "mokutil": "Subject: CN=Mia's key"}
    assert "loopback.not-loaded" in troubles(
        without_module(tmp_path, files={SECURE_BOOT: b"\6\0\0\0\1"}, told=told), settings={}
    )


def test_a_module_for_an_older_kernel_wants_the_headers_of_this_one(tmp_path: Path) -> None:
    machine = without_module(tmp_path, files={"/usr/src/v4l2loopback-0.15.0/dkms.conf": ""})
    assert "linux-headers-6.12.1-amd64" in troubles(machine, settings={})["loopback.not-built"].command
    write(tmp_path, {"/lib/modules/6.12.1-amd64/build/Makefile": ""})
    assert "apt" not in troubles(machine, settings={})["loopback.not-built"].command


def test_who_wants_no_virtual_camera_is_not_told_of_one(tmp_path: Path) -> None:
    assert not troubles(without_module(tmp_path), settings={"publish.sinks": "null"})


def test_a_virtual_camera_that_the_settings_name_has_to_be_there(tmp_path: Path) -> None:
    gone = troubles(linux(tmp_path), settings={"publish.sinks": "camera:/dev/video42"})
    assert gone["loopback.gone"].severity is Severity.ERROR


def test_sandboxed_programs_that_see_no_camera_are_named(tmp_path: Path) -> None:
    told = {
        "snap connections chromium": "Interface Plug Slot Notes\ncamera    chromium:camera  -  -\n",
        "snap connections firefox": "Interface Plug Slot Notes\ncamera    firefox:camera  :camera  -\n",
        "flatpak list": "org.mozilla.firefox\nus.zoom.Zoom\n",
        "flatpak info --show-permissions org.mozilla.firefox": "[Context]\ndevices=dri;\n",
        "flatpak info --show-permissions us.zoom.Zoom": "[Context]\ndevices=all;\n",
    }
    files = {"/snap/chromium/current/x": "", "/snap/firefox/current/x": ""}
    told_of = troubles(linux(tmp_path, files, told=told), settings={})
    assert told_of["browser.snap"].command == "sudo snap connect chromium:camera"
    assert told_of["browser.flatpak"].command.endswith("org.mozilla.firefox")


MACHINES = {
    "memory.little": {"memory": (4_000_000_000, 100_000_000)},
    "disk.full": {"free": 1000},
    "disk.little": {"free": 1_000_000_000},
    "clock.wrong": {"clock_s": 10.0},
    "clock.loose": {"told": {"timedatectl": "no"}},
    "compiler.none": {"programs": ()},
    "torch.missing": {"absent": ["torch"]},
    "packages.missing": {"absent": ["av"]},
    "python.old": {"python_version": (3, 10, 1)},
    "python.new": {"python_version": (3, 15, 0)},
    "writer.missing": {"absent": ["pyvirtualcam"]},
    "torch.broken": {"told": {"-c": (1, "Traceback\nOSError: libtorch.so: no such file")}},
    "writer.broken": {"told": {"virtualcam": (1, "ImportError")}},
}


@pytest.mark.parametrize("key", MACHINES)
def test_what_the_machine_lacks_is_told(key: str, tmp_path: Path) -> None:
    quiet = {"camera": '{"pictures": 30, "fps": 30, "width": 1, "height": 1, "brightness": 90}'}
    facts = dict(MACHINES[key])
    facts["told"] = {**quiet, **facts.get("told", {})}
    assert key in troubles(linux(tmp_path, **facts), settings={}, deep=True)


def test_why_the_engine_does_not_start_is_said_in_its_own_words(tmp_path: Path) -> None:
    machine = linux(tmp_path, told={"-c": (1, "Traceback ...\nOSError: libtorch.so: no such file")})
    broken = troubles(machine, settings={}, deep=True)["torch.broken"]
    assert "libtorch.so" in broken.finding and "repair" in broken.command


def test_a_laptop_on_its_battery_is_told_that_it_is_slower(tmp_path: Path) -> None:
    files = {
        "/sys/class/power_supply/BAT0/type": "Battery",
        "/sys/class/power_supply/AC/type": "Mains",
        "/sys/class/power_supply/AC/online": "0",
    }
    assert "power.battery" in troubles(linux(tmp_path, files), settings={})
    write(tmp_path, {"/sys/class/power_supply/AC/online": "1"})
    assert not troubles(linux(tmp_path), settings={})


SMI = "nvidia-smi --query-gpu"
CARD = "NVIDIA GeForce RTX 4070, 550.54.14, 12282, 11900"


@pytest.mark.parametrize(
    ("torch", "answer", "key"),
    [
        ("2.13.0+cpu", CARD, "torch.cpu"),
        ("2.13.0+cu130", CARD, "gpu.driver-old"),
        ("2.13.0+cu126", CARD.replace("11900", "300"), "gpu.full"),
        ("2.13.0+cu126", (9, "NVIDIA-SMI has failed"), "gpu.no-driver"),
    ],
)
def test_build_driver_and_card_are_held_against_each_other(torch: str, answer, key: str, tmp_path: Path) -> None:
    files = {"/sys/bus/pci/devices/0/class": "0x030000", "/sys/bus/pci/devices/0/vendor": "0x10de"}
    picture = '{"pictures": 30, "fps": 30, "width": 1, "height": 1, "brightness": 90}'
    machine = linux(tmp_path, files, versions={"torch": torch}, told={SMI: answer, "camera": picture})
    assert list(troubles(machine, settings={}, deep=True)) == [key]


def test_a_card_with_its_build_and_driver_is_in_order(tmp_path: Path) -> None:
    machine = linux(tmp_path, versions={"torch": "2.13.0+cu126"}, told={SMI: CARD})
    assert not troubles(machine, settings={}) and "11900 of 12282 MiB" in found(machine)["gpu.nvidia"].finding


def test_a_folder_that_cannot_be_written_is_named_with_the_way_to_get_it_back(tmp_path: Path, folders: Path) -> None:
    assert str(folders) in troubles(linux(tmp_path, closed=[str(folders)]), settings={})["disk.closed"].command


def test_where_camera_and_engine_rest_it_is_told_what_can_be_seen_of_who_watches(tmp_path: Path) -> None:
    on = {"on_demand.on": True}
    older = linux(tmp_path / "older", {f"{LOOPBACK}/version": "0.12.7"})
    assert "ondemand.processes" in troubles(older, settings=on)
    assert "ondemand.processes" not in troubles(older, settings={})
    newer = linux(tmp_path / "newer")
    assert "ondemand.told" in found(newer, settings=on) and "ondemand.told" not in found(newer, settings={})
    assert "ondemand.page" in found(linux(tmp_path / "none", nodes=[WEBCAM]), settings=on)
    assert "ondemand.unseen" in troubles(replace(newer, system="Darwin"), settings=on)
