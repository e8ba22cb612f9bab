"""The progress of a translation, on stderr: loading, then a bar with frames per second and the time left."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..system.logs import console


class _Rate(ProgressColumn):
    """Frames per second over the last half minute."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} fps" if task.speed else "- fps")


class ClipProgress:
    """A context manager around one bar; silent where stderr is no terminal.

    Args:
        total: frames to come; None when the clip does not say.
    """

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("starting the engine", total=None, start=False)

    def __enter__(self) -> ClipProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def loading(self, text: str, share: float | None) -> None:
        """How far the engine's loading is."""
        self._bar.update(self._task, description=text if share is None else f"{text}, {share:.0%}")

    def begin(self) -> None:
        """The engine is ready; frames come from now on."""
        self._bar.start_task(self._task)
        self._bar.update(self._task, description="translating", total=self._total, completed=0)

    def frame(self) -> None:
        """One more frame was written."""
        self._bar.advance(self._task)
