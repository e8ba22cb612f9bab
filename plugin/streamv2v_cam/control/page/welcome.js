// The first run: three questions, once; the picture is on air meanwhile, and every answer can be left out.

import { say, wordsOf } from "/refusals.js";

const $ = (id) => document.getElementById(id);
const TOLD_MS = 15_000;

export class Welcome {
  #link;

  constructor(link) {
    this.#link = link;
    $("welcome").addEventListener("submit", (event) => { event.preventDefault(); this.#answer(this.#chosen()); });
    $("welcome-skip").addEventListener("click", () => this.#answer({}));
  }

  /** Ask, if the program wants to know. */
  async begin() {
    const answer = await this.#link.fetch("/api/welcome");
    if (!answer.ok) return;
    const { wanted, cameras, models, obs } = await answer.json();
    // what is being answered is not drawn anew under the hand
    if (wanted !== $("welcome").hidden) return;
    say("welcome-refusal", "");
    $("welcome").hidden = !wanted;
    if (!wanted) return;
    $("welcome-cameras").replaceChildren(...cameras.map((camera, index) => this.#camera(camera, index === 0)));
    $("welcome-models").replaceChildren(...models.map((model, index) => choice("welcome-model", model.id, model.title, index === 0, model.words)));
    for (const button of document.getElementsByName("welcome-obs")) button.checked = button.value === (obs ? "yes" : "no");
  }

  #camera({ id, title, picture }, first) {
    const label = choice("welcome-camera", id, title, first);
    if (picture) this.#show(label, id);
    return label;
  }

  async #show(label, id) {
    const answer = await this.#link.fetch(`/api/welcome/cameras/${encodeURIComponent(id)}`).catch(() => null);
    if (!answer?.ok) return label.append(Object.assign(document.createElement("small"), { textContent: "gives no picture now" }));
    const picture = await answer.blob().then(createImageBitmap).catch(() => null);
    if (!picture) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    label.prepend(canvas);
  }

  #chosen() {
    const value = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
    const answers = { camera: value("welcome-camera"), model: value("welcome-model"), obs: value("welcome-obs") === "yes" };
    return Object.fromEntries(Object.entries(answers).filter(([, given]) => given !== undefined));
  }

  async #answer(answers) {
    const answer = await this.#link.fetch("/api/welcome", { method: "POST", body: answers }).catch(() => null);
    if (answer?.status !== 404 && !answer?.ok) return say("welcome-refusal", await wordsOf(answer));
    const { told = [] } = answer.ok ? await answer.json() : {};
    $("welcome").hidden = true;
    say("welcome-refusal", "");
    say("welcomed", told.join(" "));
    setTimeout(() => say("welcomed", ""), TOLD_MS);
  }
}

/** A choice with its words; names of devices are foreign text, and stay text. */
function choice(name, value, title, checked, words = "") {
  const label = Object.assign(document.createElement("label"), { className: "choice" });
  label.append(Object.assign(document.createElement("input"), { type: "radio", name, value, checked }), ` ${title}`);
  if (words) label.append(Object.assign(document.createElement("small"), { textContent: words }));
  return label;
}
