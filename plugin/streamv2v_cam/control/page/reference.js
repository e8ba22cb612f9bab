// A picture that the look follows: one that is brought in, a frame of the camera, or one of a look.

import { say, wordsOf } from "/refusals.js";
import { fill } from "/steady.js";

const SIDE = 512;
const $ = (id) => document.getElementById(id);

export class Reference {
  #link;
  #send;
  #current = "";
  #wanted = null;
  #listed = null;

  /** `send` takes a change of controls and resolves to the answer. */
  constructor(link, send) {
    this.#link = link;
    this.#send = send;
    $("reference").addEventListener("focus", () => this.list().catch(() => {}));
    $("reference").addEventListener("change", () => this.#follow($("reference").value));
    $("reference-choose").addEventListener("click", () => $("reference-file").click());
    $("reference-file").addEventListener("change", () => this.#bring());
    $("reference-frame").addEventListener("click", () => this.#take("/api/references/frame", {}));
  }

  /** Read which pictures there are. */
  async list() {
    const found = await this.#link.read("/api/references");
    this.#listed = found;
    this.#draw();
  }

  /** Which one the look follows, and why none can be followed, or "". */
  show(name, why) {
    for (const id of ["reference", "reference-choose", "reference-frame"]) $(id).disabled = Boolean(why);
    say("reference-why", why);
    if (name === undefined || name === this.#current) return;
    this.#current = name;
    if (name && !this.#listed?.some((one) => one.name === name)) this.list().catch(() => {});
    this.#draw();
  }

  #draw() {
    const known = this.#listed ?? [];
    const chosen = this.#wanted ?? this.#current;
    const choices = [["", "none"], ...known.map(({ name, title }) => [name, title])];
    if (chosen && !known.some(({ name }) => name === chosen)) choices.push([chosen, chosen]);
    fill($("reference"), choices, chosen);
  }

  async #bring() {
    const [file] = $("reference-file").files;
    if (!file) return;
    $("reference-file").value = "";
    const small = await shrunk(file).catch(() => file);  // what this browser cannot read the program may
    await this.#take(`/api/references/picture?title=${encodeURIComponent(file.name.slice(0, 60))}`, small);
  }

  async #take(path, body) {
    const answer = await this.#link.fetch(path, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) return say("reference-refusal", await wordsOf(answer));
    const { name } = await answer.json();
    await this.list().catch(() => {});
    await this.#follow(name);
  }

  async #follow(name) {
    this.#wanted = name;  // stands in the list until it is answered
    this.#draw();
    const answer = await this.#send({ controls: { reference: name, reference_blend: [] } }).catch(() => null);
    this.#wanted = null;
    if (answer?.ok) this.#current = name;
    say("reference-refusal", answer?.ok ? "" : answer?.error ?? "The program does not answer.");
    this.#draw();
  }
}

/** A picture file, no larger than is looked at; drawn anew, so that nothing but the picture is sent. */
async function shrunk(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.min(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" });
}
