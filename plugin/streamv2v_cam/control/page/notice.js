// What there is to say of the words that came last, from whatever hand they came.

import { say } from "/refusals.js";

const TOLD_MS = 30_000;
const $ = (id) => document.getElementById(id);

export class Notice {
  // Of a refusal: its number, and until when it is told. It is an event, and no longer true of what is on air.
  #number = 0;
  #untilMs = 0;

  /** The page has come to a program: what was refused before is no news. */
  begin(notice) {
    this.#number = notice.number;
    this.#untilMs = 0;
    this.show(notice);
  }

  /** Say it, but for what this page says elsewhere already. */
  show(notice) {
    const told = notice.notes.reduce((text, note) => ($("tokens").textContent.includes(note) ? text.replace(note, "") : text), notice.text);
    if (!notice.refused) return say("notice", told.trim());
    if (notice.number !== this.#number) {
      this.#number = notice.number;
      this.#untilMs = Date.now() + TOLD_MS;
    }
    if (notice.text === $("prompt-refusal").textContent) this.#untilMs = 0;
    say("notice", Date.now() < this.#untilMs ? told.trim() : "");
  }
}
