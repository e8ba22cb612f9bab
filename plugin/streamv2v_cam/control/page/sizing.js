// The size of the drawing: by hand, or by the rate that the engine should give.

import { say, wordsOf } from "/refusals.js";
import { fill } from "/steady.js";

const AUTO = "auto";
const $ = (id) => document.getElementById(id);

export class Sizing {
  #link;
  #told = null;
  #round = 0;

  constructor(link) {
    this.#link = link;
    $("size").addEventListener("focus", () => this.list().catch(() => {}));
    $("size").addEventListener("change", () => this.#choose({ size: $("size").value }));
    $("wanted-fps").addEventListener("change", () => {
      const wanted = Number($("wanted-fps").value);
      this.#choose(wanted ? { size: AUTO, wanted_fps: wanted } : { size: AUTO });
    });
  }

  /** Which sizes there are, which one is chosen, and what came of a choice by rate. */
  async list() {
    const round = ++this.#round;
    const found = await this.#link.read("/api/engine/size");
    if (round !== this.#round) return;  // answers may overtake each other
    $("size-field").hidden = !found.length;
    const choices = found.map(({ name, width, height }) => [name, wordsOfSize(name, width, height)]);
    const current = found.find((size) => size.current)?.name ?? "";
    fill($("size"), current ? choices : [["", "another"], ...choices], current);
    const byRate = found.find(({ name, current }) => name === AUTO && current);
    $("wanted-field").hidden = !byRate;
    if (byRate && document.activeElement !== $("wanted-fps")) $("wanted-fps").value = byRate.wanted_fps;
    say("size-told", byRate ? byRate.told : "");
  }

  /** What the program says of a choice by rate has come with the state: anything new there is a reason to look. */
  heard(told) {
    if (told === this.#told) return;
    this.#told = told;
    this.list().catch(() => { this.#told = null; });
  }

  async #choose(body) {
    if (!body.size) return;
    this.#round += 1;  // what was asked before the choice says nothing about it
    const answer = await this.#link.fetch("/api/engine/size", { method: "POST", body }).catch(() => null);
    say("size-refusal", await wordsOf(answer));
    await this.list().catch(() => {});
  }
}

function wordsOfSize(name, width, height) {
  return name === AUTO ? `by rate, now ${width} × ${height}` : `${name}, ${width} × ${height}`;
}
