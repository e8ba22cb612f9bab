"""The composition root of `run`: what stands beside what, in which order it starts and stops."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..capture import CaptureThread
from ..control import Report
from ..engine.link import DEFAULT_ENTRY
from ..errors import EngineError, SinkError, SourceError
from ..frame import Frame
from ..mailbox import Mailbox
from ..obs.child import ObsChild, options_for
from ..publish import PublisherThread
from ..system.logs import console
from ..system.stopping import rest, terminate_as_interrupt
from ..telemetry import Telemetry
from .browser import open_page
from .elsewhere import engine_entry, works_here
from .engines import engine_of, vocabulary_here
from .history import History
from .inputs import opener, plays_once, refuse_one_file_as_both
from .models import engine_models
from .ondemand import OnDemand, Watching, watching_of
from .outputs import Outputs
from .panel import Panel
from .recorder import Recorder
from .resting import resting_controls
from .sight import sight_of
from .sizing import engine_sizes
from .starting import starting_store
from .statusline import status_line, words
from .summary import closing_line, summary_of

if TYPE_CHECKING:
    from ..settings import LoadedSettings

LOOK_S = 0.1
"""How often the run is looked at."""
LAST_FRAMES_S = 0.5
"""After the end of a source that does not loop, its last frames are still styled and shown."""


class App:
    """Everything of one run.

    The publisher starts first, so that the virtual camera shows a slate while the source opens and the
    model loads; it is also the first to end, so that no slate gets into a recording's last moment.

    Args:
        settings: all of them.
        entry: function that runs in the engine process.

    Raises:
        SinkError, SettingsError: an output or a setting that cannot be used.
        ModelError: a model that can be seen to be wrong before it is loaded.
    """

    def __init__(self, settings: LoadedSettings, *, entry: str = DEFAULT_ENTRY) -> None:
        publish, vocabulary = settings.publish, None
        if entry == DEFAULT_ENTRY:
            vocabulary = vocabulary_here(settings)
        self.settings = settings
        self.store = starting_store(settings, vocabulary, say=say)
        self.telemetry = Telemetry()
        self.source_began = False
        self.obs: ObsChild | None = None
        raw, styled = Mailbox[Frame](), Mailbox[Frame]()
        self.supervisor = engine_of(settings, entry, store=self.store, raw=raw, styled=styled, telemetry=self.telemetry)
        self.sizes = engine_sizes(settings, self.supervisor, self.telemetry.snapshot, by_rate=entry == DEFAULT_ENTRY)
        self.store.notes.text_model = lambda: self.supervisor.text_model
        shelf = settings.shelf()
        self.models = engine_models(settings, self.supervisor, entry, store=self.store, shelf=shelf, sizes=self.sizes)
        open_source = opener(settings.capture, say=say)
        self.capture = CaptureThread(
            open_source,
            store=self.store,
            width=publish.width,
            height=publish.height,
            mailbox=raw,
            telemetry=self.telemetry,
        )
        self.publisher = self._publisher(raw, styled)
        refuse_one_file_as_both(settings.capture, publish.sinks)
        self.outputs = Outputs(publish, say=say)
        self.recorder = Recorder(self.publisher, publish)
        self.on_demand = self._on_demand(raw, styled)
        self.panel = Panel(
            settings,
            store=self.store,
            shelf=shelf,
            recorder=self.recorder,
            telemetry=self.telemetry,
            capture=self.capture,
            raw=raw,
            preview=self.outputs.preview,
            opener=open_source,
            report=self._report,
            draws=entry == DEFAULT_ENTRY,
            sizes=self.sizes,
            models=self.models,
            on_demand=self.on_demand,
            history=History(
                lambda: sight_of(self.publisher, self.supervisor, self.capture, self.recorder, self.store),
                self.telemetry.snapshot,
                lambda: self.supervisor.pid,
            ),
        )

    def start(self) -> None:
        """Begin: picture, camera, model, page."""
        self.outputs.attach(self.publisher)
        self.publisher.start()
        self.capture.start()
        self.supervisor.start()
        self.panel.start(say)
        self.on_demand.begin(say)
        if self.settings.obs.with_run:
            self.obs = ObsChild(options_for(self.settings, self.panel.server.address))
            self.obs.start()
        open_page(self.settings.control.open_browser, self.panel.server.opening_address())
        look = self.store.current.look
        say(f"look: {f'{look}, ' if look else ''}“{self.store.current.controls.prompt}”")

    def stop(self) -> None:
        """End everything; safe to call after a start that failed half-way."""
        self.on_demand.stop()
        self.recorder.stop()
        self.publisher.stop()
        self.recorder.close()
        self.outputs.discard()
        if self.obs is not None:
            self.obs.stop()
        self.panel.stop()
        self.capture.stop()
        self.supervisor.stop()

    def watch(self, for_s: float | None) -> None:
        """Stay until the run is over: the time is up, the source or the recordings are at their end.

        Raises:
            SourceError, EngineError: it cannot go on, and nobody has seen a picture or keeps one.
        """
        began_s = time.monotonic()
        with status_line() as show:
            while True:
                self._check_start()
                self.sizes.follow()
                waited_s = time.monotonic() - began_s
                if self.publisher.styled_on_air.is_set() or waited_s > self.settings.engine.load_timeout_s:
                    self.outputs.record(self.publisher, for_s)
                timed_out = for_s is not None and waited_s >= for_s
                if self.outputs.over(timed_out=timed_out) and (timed_out or not self.recorder.busy):
                    return
                if self.capture.ended.is_set():
                    time.sleep(LAST_FRAMES_S)
                    return
                show(self._told)
                rest(LOOK_S)

    def _told(self) -> str:
        """How it stands, in one line."""
        now, look = self.telemetry.snapshot(), self.store.current.look
        return words(self.publisher.on_air, now, look, self.supervisor.restarts)

    def summary(self) -> dict[str, Any]:
        """The run in figures, plain values."""
        return summary_of(
            self.telemetry.snapshot(whole_run=True),
            self.publisher,
            self.supervisor,
            self.store.current,
            source=self.capture.source_name,
            page=self.panel.server.address,
            facts=self.supervisor.facts | self.sizes.facts,
        )

    def _publisher(self, raw: Mailbox[Frame], styled: Mailbox[Frame]) -> PublisherThread:
        publish = self.settings.publish
        return PublisherThread(
            store=self.store,
            styled=styled,
            raw=raw,
            engine_status=self.supervisor.status,
            camera_lost=lambda: self.capture.lost_reason,
            telemetry=self.telemetry,
            width=publish.width,
            height=publish.height,
            fps=publish.fps,
            hold_s=publish.hold_s,
            fallback_raw=publish.fallback_raw,
            borrow=publish.borrow,
            shared=lambda: works_here(self.supervisor.facts),
            sample=lambda name: self.panel.picture_of(name),
            slate_reasons=publish.slate_reasons,
            shown_from=lambda: self.on_demand.shown_from_s,
        )

    def _on_demand(self, raw: Mailbox[Frame], styled: Mailbox[Frame]) -> OnDemand:
        return OnDemand(
            self.settings.on_demand,
            watching=self._watching,
            begun=lambda: styled.latest is not None or self.supervisor.failed.is_set() or self.on_demand.resting,
            camera=self.capture,
            engine=self.supervisor,
            store=self.store,
            pictures=(raw, styled),
        )

    def _watching(self) -> Watching:
        outputs = self.publisher.watched()
        if self.outputs.unbegun:
            outputs["a recording that begins with the first picture"] = True
        if plays_once(self.settings.capture):
            outputs["the clip, which is played to its end"] = True
        outputs["the camera's own picture on the page"] = self.panel.source_watched
        return watching_of(outputs)

    def _check_start(self) -> None:
        """A source or model that was named and cannot be used ends the run, as long as nothing was on air."""
        if not self.source_began:
            if self.telemetry.snapshot().captured:
                self.source_began = True
                say(f"source: {self.capture.source_name}")
            elif self.capture.lost_reason is not None:
                raise SourceError(self.capture.lost_reason)
        if self.supervisor.failed.is_set() and not self.publisher.styled_on_air.is_set():
            raise EngineError(self.supervisor.status().reason)

    def _report(self) -> Report:
        air = self.publisher.on_air
        return Report(
            state=str(air.state),
            reason=air.reason,
            progress=air.progress,
            source=self.capture.source_name,
            sinks=tuple(f"{sink.name}: {sink.lost}" if sink.lost else sink.name for sink in air.sinks),
            facts=self.supervisor.facts | self.sizes.facts,
            resting=resting_controls(
                self.supervisor.config,
                self.store.current.controls,
                may_borrow=self.settings.publish.borrow,
                facts=self.supervisor.facts,
            ),
            on_demand=self.on_demand.status(),
            region=self.publisher.region_told,
            model=self.models.status(),
        )


def run_app(
    settings: LoadedSettings, *, for_s: float | None = None, json_summary: bool = False, entry: str = ""
) -> dict[str, Any]:
    """Run until stopped: by Ctrl-C, SIGTERM, the end of the source, or after `for_s` seconds.

    With a file among the sinks the seconds count from the first styled picture on air (at the latest from
    `engine.load_timeout_s`), and the file gets exactly `for_s` times the published rate of pictures.

    Args:
        settings: all of them.
        for_s: how long; None until stopped.
        json_summary: the caller prints the summary, so the closing line for people is left out.
        entry: function that runs in the engine process; "" for what the settings ask for.

    Returns:
        The summary of the run, plain values.

    Raises:
        CamError: it could not begin, or the recording was lost; one line for a person.
    """
    with terminate_as_interrupt():
        app = App(settings, entry=entry or engine_entry(settings))
        summary: dict[str, Any] = {}
        try:
            app.start()
            app.watch(for_s)
        except KeyboardInterrupt:
            say("stopping")
        finally:
            summary = app.summary()
            app.stop()
    summary["sinks"] = app.summary()["sinks"]
    if app.outputs.lost_recording:
        raise SinkError(app.outputs.lost_recording)
    if app.outputs.unbegun:
        say("Nothing was recorded: no styled picture was on air.")
    if not json_summary:
        say(closing_line(summary))
    return summary


def say(line: str) -> None:
    """One line for the person, on stderr."""
    console.print(line, markup=False, soft_wrap=True)
