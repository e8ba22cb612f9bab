// The models by name: fetched, paused, removed; nothing is asked for until somebody opens it, or something is fetched.

import { element } from "/elements.js";
import { say, wordsOf } from "/refusals.js";
import { Steady } from "/steady.js";
import { fetchingWords, sizeWords } from "/words.js";

const $ = (id) => document.getElementById(id);
const RUNS = ["fetching", "checking", "pausing"];

export class Catalogue {
  #link;
  #rows = new Steady($("models-list"), ({ model }) => model.name, (about) => this.#row(about));
  #last = "";
  #round = 0;

  constructor(link) {
    this.#link = link;
    $("models").addEventListener("toggle", () => { if ($("models").open) this.#list(); });
  }

  /** What the state says of the model that is fetched, or was last, of the one on air and of the one being prepared. */
  heard(fetching, { on_air, preparing }) {
    const now = `${fetching?.name} ${fetching?.state} ${on_air} ${preparing}`;
    if (now !== this.#last && $("models").open) this.#list();
    this.#last = now;
    this.#progress(fetching);
  }

  async #list() {
    const round = ++this.#round;
    const [answer, engine] = await Promise.all(["/api/models", "/api/engine/model"].map((path) => this.#link.fetch(path).catch(() => null)));
    if (round !== this.#round) return;  // answers may overtake each other
    if (!answer?.ok) return say("models-refusal", await wordsOf(answer));
    const { models, fetching } = await answer.json();
    const choices = engine?.ok ? (await engine.json().catch(() => ({}))).models ?? [] : [];
    this.#rows.show(models.map((model) => ({
      model,
      choice: choices.find(({ name }) => name === model.name),
      runs: fetching?.name === model.name && RUNS.includes(fetching.state),
    })));
    this.#progress(fetching);
  }

  #row({ model, choice, runs }) {
    const item = element("li", "card");
    const words = element("p", "hint");
    const bar = Object.assign(document.createElement("progress"), { max: 1, hidden: true });
    bar.setAttribute("aria-label", `How much of ${model.title} is here`);
    const acts = element("div", "row");
    const state = choice?.current ? "on air" : choice?.preparing ? "being prepared" : model.here ? "here" : "";
    item.append(element("b", "", state ? `${model.title} · ${state}` : model.title), element("p", "hint", model.good_for), this.#facts(model), bar, words, acts);
    if (runs) acts.append(this.#button(model, "Pause", () => this.#post(`${path(model)}/pause`, {})));
    else if (model.here && choice && !choice.current) acts.append(this.#use(model, choice));
    else if (!model.here && model.download_bytes) this.#fetch(model, item, acts);
    if (!runs && !choice?.current && (model.own || ((model.here || model.begun) && model.download_bytes))) acts.append(this.#remove(model));
    return { item, bar, words };
  }

  #facts({ licence, download_bytes, here, on_this_machine }) {
    const line = element("p", "hint");
    if (!here && download_bytes) line.append(`about ${sizeWords(download_bytes)} · `);
    line.append(on_this_machine);
    if (licence) {
      const link = Object.assign(element("a", "", licence.name), { href: licence.link, target: "_blank", rel: "noreferrer noopener" });
      line.append(" · ", link);
    }
    return line;
  }

  #fetch(model, item, acts) {
    const start = this.#button(model, model.begun ? "Go on fetching" : "Fetch", () => this.#post(`${path(model)}/download`, { accept_licence: !model.accepted }));
    if (!model.accepted) {
      const label = element("label", "choice");
      const box = Object.assign(document.createElement("input"), { type: "checkbox" });
      label.append(box, ` I have read the licence of ${model.title} and accept it`);
      start.disabled = true;
      box.addEventListener("change", () => { start.disabled = !box.checked; });
      item.insertBefore(label, acts);
    }
    acts.append(start);
  }

  #use(model, { why, preparing }) {
    const use = this.#button(model, "Use", () => this.#post("/api/engine/model", { name: model.name }));
    use.disabled = Boolean(why || preparing);
    use.title = why || "The one on air stays until this one has drawn its first picture.";
    return use;
  }

  /** Gone only when it is pressed twice: fetching it again takes a while. */
  #remove(model) {
    const [first, second] = model.own ? ["Off the list", "Press again to take it off"] : ["Remove", "Press again to remove"];
    const button = this.#button(model, first, () => {
      if (button.textContent === first) button.textContent = second;
      else this.#post(path(model), undefined, "DELETE");
    });
    button.addEventListener("blur", () => { button.textContent = first; });
    return button;
  }

  #button({ name, title }, words, act) {
    const button = Object.assign(element("button", "", words), { type: "button" });
    button.dataset.act = `${name} ${words}`;
    button.setAttribute("aria-description", title);
    button.addEventListener("click", act);
    return button;
  }

  async #post(address, body, method = "POST") {
    const answer = await this.#link.fetch(address, { method, body }).catch(() => null);
    say("models-refusal", await wordsOf(answer));
    await this.#list();
  }

  #progress(fetching) {
    $("models-short").textContent = fetchingWords(fetching) || "others, by name";
    for (const [name, { bar, words }] of this.#rows.rows) {
      const mine = fetching?.name === name ? fetching : null;
      bar.hidden = !mine || !RUNS.includes(mine.state);
      if (mine?.total_bytes) bar.value = mine.done_bytes / mine.total_bytes; else bar.removeAttribute("value");
      say(words, mine && mine.state !== "done" ? fetchingWords(mine) : "");
    }
  }
}

const path = ({ name }) => `/api/models/${encodeURIComponent(name)}`;
