// The size of the drawing: by hand, or by the rate that the engine should give.

import { say, wordsOf } from "/refusals.js";

const AUTO = "auto";
const $ = (id) => document.getElementById(id);

export class Sizing {
  #link;
  #told = null;

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
    const found = await this.#link.read("/api/engine/size");
    $("size-field").hidden = !found.length;
    const options = found.map(({ name, width, height, current }) => new Option(wordsOfSize(name, width, height), name, current, current));
    if (!found.some(({ current }) => current)) options.unshift(new Option("another", "", true, true));
    $("size").replaceChildren(...options);
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
    const answer = await this.#link.fetch("/api/engine/size", { method: "POST", body }).catch(() => null);
    say("size-refusal", await wordsOf(answer));
    await this.list().catch(() => {});
  }
}

function wordsOfSize(name, width, height) {
  return name === AUTO ? `by rate, now ${width} × ${height}` : `${name}, ${width} × ${height}`;
}
