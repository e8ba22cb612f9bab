// How the prompt in the box is read: its tokens, what is beyond, which LoRAs it names and whether they are there.

import { say } from "/refusals.js";
import { isPlain, promptWords } from "/words.js";

const PAUSE_MS = 200;
const AGAIN_MS = 3000;

export class Counting {
  #link;
  #box;
  #text = null;
  #timer = 0;

  constructor(link, box) {
    this.#link = link;
    this.#box = box;
    box.addEventListener("input", () => this.look());
  }

  /** Read what stands in the box, once there is a pause in the writing. */
  look() {
    if (this.#box.value === this.#text) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), PAUSE_MS);
  }

  /** What a prompt names may have come or gone. */
  again() {
    this.#text = null;
    this.look();
  }

  async #read() {
    const text = this.#box.value;
    this.#text = text;
    const answer = await this.#link.fetch("/api/prompt", { method: "POST", body: { prompt: text } }).catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    if (this.#box.value !== text) return;  // another reading is on its way
    say("tokens", told ? promptWords(told) : "");
    // a count that is far from its limit is for whoever is writing
    document.getElementById("tokens").classList.toggle("plain", Boolean(told && isPlain(told)));
    if (told && told.known) return;
    // without an engine nobody can count
    this.#text = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), AGAIN_MS);
  }
}
