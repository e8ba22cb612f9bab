// LoRAs of the person's folder: put on and taken off while the picture goes on, each with its scale and the words it knows.

import { say } from "/refusals.js";
import { Steady } from "/steady.js";

const $ = (id) => document.getElementById(id);
const FULL = 1;

export class Loras {
  #link;
  #prompt;
  #on = {};
  #rows = new Steady($("loras-list"), ({ name }) => name, (lora) => this.#row(lora));
  #model = null;

  /** `prompt` takes words that are to be added to it. */
  constructor(link, prompt) {
    this.#link = link;
    this.#prompt = prompt;
    $("loras").addEventListener("toggle", () => { if ($("loras").open) this.list().catch(() => {}); });
  }

  /** What lies in the folder now; without a file in it there is nothing to see. */
  async list() {
    const { rests, loras } = await this.#link.read("/api/loras");
    $("loras").hidden = !loras.length;
    say("loras-rests", rests);
    this.#rows.show(loras.map(({ name, title, triggers, why }) => ({ name, title, triggers, why, rests })));
    this.show(this.#on);
  }

  /** The model on air has come with the state: another one has other LoRAs that fit. */
  heard(model) {
    if (this.#model !== null && model !== this.#model) this.list().catch(() => {});
    this.#model = model;
  }

  /** What is on, by name and scale. */
  show(on) {
    this.#on = on ?? {};
    for (const [name, { box, scale, output }] of this.#rows.rows) {
      const set = this.#on[name];
      box.checked = set !== undefined;
      scale.hidden = output.hidden = set === undefined;
      if (set === undefined) continue;
      output.textContent = set.toFixed(2);
      if (document.activeElement !== scale) scale.value = set;
    }
    const names = Object.keys(this.#on);
    $("loras-short").textContent = names.length ? names.join(", ") : "none on";
  }

  #row({ name, title, triggers, why, rests }) {
    const item = document.createElement("li");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", disabled: Boolean(why || rests) });
    const label = document.createElement("label");
    label.className = "choice";
    label.append(box, ` ${title}`);
    const scale = Object.assign(document.createElement("input"), { type: "range", min: -1, max: 2, step: 0.05 });
    scale.setAttribute("aria-label", `How much of ${title}`);
    const output = document.createElement("output");
    box.addEventListener("change", () => this.#want(name, box.checked ? FULL : undefined));
    scale.addEventListener("change", () => this.#want(name, Number(scale.value)));
    const words = document.createElement("div");
    words.className = "row";
    for (const word of triggers) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: word });
      button.title = "Add to the prompt";
      button.addEventListener("click", () => this.#prompt.add(word));
      words.append(button);
    }
    item.append(label, output, scale, words);
    if (why) item.append(Object.assign(document.createElement("p"), { className: "hint", textContent: why }));
    return { item, box, scale, output };
  }

  async #want(name, scale) {
    const loras = { ...this.#on };
    if (scale === undefined) delete loras[name];
    else loras[name] = scale;
    const answer = await this.#link.send({ controls: { loras } });
    say("loras-refusal", answer.ok ? "" : answer.error);
    if (!answer.ok) this.show(this.#on);
  }
}
