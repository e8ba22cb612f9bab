// The live picture, and the camera's own while its button is held.

const RETRY_MS = 1000;
const $ = (id) => document.getElementById(id);

export class Picture {
  #addresses = { air: null, source: null };
  #connected = false;
  #retry = 0;

  constructor(link) {
    this.link = link;
    $("picture").addEventListener("error", () => this.#later());
    const peek = $("peek");
    peek.addEventListener("pointerdown", (event) => { peek.setPointerCapture(event.pointerId); this.#peek(true); });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      peek.addEventListener(end, () => this.#peek(false));
    }
    peek.addEventListener("contextmenu", (event) => event.preventDefault()); // a finger that rests
    peek.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") this.#peek(true); });
    peek.addEventListener("keyup", (event) => { if (event.key === " " || event.key === "Enter") this.#peek(false); });
  }

  /** The program is there: ask where its pictures are, and show the one on air. */
  async begin() {
    this.#connected = true;
    $("screen").classList.remove("still");
    try {
      const told = await (await this.link.fetch("/api/stream")).json();
      this.#addresses = told;
      $("no-picture").textContent = told.air ? "" : told.reason;
      $("peek").hidden = !told.source;
      this.#show($("picture"), told.air);
    } catch { this.#later(); }
  }

  /** The program is gone: what is shown is old. */
  end() {
    this.#connected = false;
    clearTimeout(this.#retry);
    this.#peek(false);
    $("screen").classList.add("still");
  }

  #peek(on) {
    const shown = on && this.#connected && Boolean(this.#addresses.source);
    $("peek").setAttribute("aria-pressed", String(shown));
    if (shown === !$("source-picture").hidden) return;
    this.#show($("source-picture"), shown ? this.#addresses.source : null);
  }

  #show(image, address) {
    image.hidden = !address;
    // Without its address the browser ends the stream; a new number makes it ask anew.
    if (address) image.src = `${new URL(address).pathname}?${Date.now()}`;
    else image.removeAttribute("src");
  }

  #later() {
    clearTimeout(this.#retry);
    if (this.#connected) this.#retry = setTimeout(() => this.begin(), RETRY_MS);
  }
}
