// What the page needs of the program: each part is asked for until it is there, as long as the program answers.

const AGAIN_MS = 1000;

export class Loading {
  #parts;
  #round = 0;

  /** Each of `parts` is a function whose promise fails while its part is not there. */
  constructor(...parts) { this.#parts = parts; }

  /** The program is there: ask for everything. */
  begin() {
    const round = ++this.#round;
    for (const part of this.#parts) this.#until(part, round);
  }

  /** The program is gone; when it comes back, everything is asked for anew. */
  end() { this.#round += 1; }

  async #until(part, round) {
    while (round === this.#round) {
      try { return await part(); } catch { await new Promise((go) => setTimeout(go, AGAIN_MS)); }
    }
  }
}
