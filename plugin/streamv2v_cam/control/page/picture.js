// The live picture, and the camera's own while its button is held. Each takes one of the few connections that a browser
// opens to one program, all its windows together: a page that nobody sees shows none.

const RETRY_MS = 1000;
const CROWDED = "Too many windows of this page are open in this browser. Close some, and reload this one to see the picture.";
const $ = (id) => document.getElementById(id);

export class Picture {
  #addresses = { air: null, source: null };
  #connected = false;
  #retry = 0;
  #crowded = false;

  constructor(link) {
    this.link = link;
    $("picture").addEventListener("error", () => this.#later());
    link.addEventListener("crowded", () => this.#giveWay());
    document.addEventListener("visibilitychange", () => { this.#crowded = false; this.#showAir(); });
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
      this.#addresses = await this.link.read("/api/stream");
      $("peek").hidden = !this.#addresses.source;
      this.#showAir();
    } catch { this.#later(); }
  }

  /** The program is gone: what is shown is old. */
  end() {
    this.#connected = false;
    clearTimeout(this.#retry);
    this.#crowded = false;
    this.#peek(false);
    $("screen").classList.add("still");
  }

  /** The browser has no connection left for the page's requests: those go before the picture. */
  #giveWay() {
    this.#crowded = true;
    this.#peek(false);
    this.#showAir();
  }

  #showAir() {
    if (!this.#connected) return;
    const { air, reason } = this.#addresses;
    $("no-picture").textContent = this.#crowded ? CROWDED : air ? "" : reason ?? "";
    this.#show($("picture"), this.#crowded || document.hidden ? null : air);
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
