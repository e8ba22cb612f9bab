"""The dock's size of the drawing: by hand, and by the rate that the engine should give."""

from __future__ import annotations

from types import SimpleNamespace

from playwright.sync_api import expect
from streamv2v_cam.airstate import EngineState, EngineStatus
from streamv2v_cam.run.carrying import SizeByRate
from streamv2v_cam.run.sizing import EngineSizes, ladder
from streamv2v_cam.telemetry import Telemetry

from streamv2v.config import StreamConfig
from streamv2v.tuning.autotune import Trials


class Engine(SimpleNamespace):
    def rebuild(self, config: StreamConfig) -> None:
        self.config = config

    def status(self) -> EngineStatus:
        return EngineStatus(EngineState.RUNNING)


def test_the_size_is_chosen_by_rate_or_by_hand_and_the_wanted_rate_can_be_changed(page, stage, tmp_path):
    engine = Engine(config=StreamConfig(width=336, height=192, slots=1))
    by_rate = SizeByRate(
        engine, ladder(336, 192), telemetry=Telemetry().snapshot, trials=Trials(tmp_path), wanted_fps=8.0
    )
    stage.desk.sizes = EngineSizes(engine, (336, 192), by_rate=by_rate, wanted_fps=8.0)
    page.reload()
    page.locator("#more summary").click()
    expect(page.locator("#size")).to_have_value("auto")
    expect(page.locator("#wanted-fps")).to_have_value("8")
    page.locator("#wanted-fps").fill("5")
    page.locator("#wanted-fps").blur()
    expect(page.locator("#size-told")).to_have_text("5 a second wanted")
    assert by_rate.wanted_fps == 5.0
    page.locator("#wanted-fps").fill("500")
    page.locator("#wanted-fps").blur()
    expect(page.locator("#size-refusal")).to_contain_text("60")
    assert by_rate.wanted_fps == 5.0
    page.locator("#size").select_option("small")
    expect(page.locator("#wanted-field")).to_be_hidden()
    assert engine.config.width == 240 and by_rate.wanted_fps == 0.0
