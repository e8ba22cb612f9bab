// The mode on demand: camera and engine rest while nobody watches.

import { say, wordsOf } from "/refusals.js";

const $ = (id) => document.getElementById(id);

export class OnDemand {
  #link;
  #sending = false;

  constructor(link) {
    this.#link = link;
    $("on-demand").addEventListener("change", () => this.#switch($("on-demand").checked));
  }

  /** What the program says of it; a program that never rests has no switch. */
  heard({ on, told, watched_by: by = [] } = {}) {
    $("on-demand-field").hidden = on === undefined;
    if (!this.#sending) $("on-demand").checked = Boolean(on);
    say("on-demand-told", !on ? "" : told || (by.length ? `Watched now: ${by.join(", ")}.` : "Nobody watches."));
  }

  async #switch(on) {
    this.#sending = true;
    const answer = await this.#link.fetch("/api/on_demand", { method: "POST", body: { on } }).catch(() => null);
    this.#sending = false;
    say("on-demand-refusal", await wordsOf(answer));
  }
}
