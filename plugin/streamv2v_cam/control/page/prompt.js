// The prompt box: what a person is writing is theirs until they send it; what was sent is remembered.

import { kept } from "/link.js";

const REMEMBERED = 20;
const STORED = "streamv2v-prompts";
const $ = (id) => document.getElementById(id);

function remembered() {
  try {
    const found = JSON.parse(kept.get(STORED) ?? "[]");
    return Array.isArray(found) ? found.filter((text) => typeof text === "string") : [];
  } catch { return []; }
}

export class Prompt {
  #link;
  #send;
  #server = "";
  #editing = false;

  constructor(link, send) {
    this.#link = link;
    this.#send = send;
    $("prompt").addEventListener("input", () => { this.#editing = true; });
    $("prompt").addEventListener("keydown", (event) => this.#key(event));
    $("prompt-form").addEventListener("submit", (event) => { event.preventDefault(); this.#apply($("prompt").value); });
    this.#opens($("history-open"), $("history"), () => this.#list());
    this.#opens($("save-open"), $("save-form"), () => { this.#replace(false); $("save-title").focus(); });
    $("save-cancel").addEventListener("click", () => $("save-open").click());
    $("save-title").addEventListener("input", () => this.#replace(false));
    $("save-form").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
  }

  /** The prompt the server has. */
  show(text) {
    this.#server = text ?? "";
    if (!this.#editing) $("prompt").value = this.#server;
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      $("prompt-form").requestSubmit();
    } else if (event.key === "Escape") {
      this.#editing = false;
      $("prompt").value = this.#server;
    }
  }

  async #apply(text) {
    $("prompt").value = text;
    this.#editing = true;
    const answer = await this.#send({ controls: { prompt: text } });
    if (!answer.ok) return;
    const words = text.split(/\s+/).filter(Boolean).join(" ");
    // while the answer was on its way the person may have begun to write something else
    if ($("prompt").value === text) this.#editing = false;
    this.show(words);
    kept.set(STORED, JSON.stringify([words, ...remembered().filter((old) => old !== words)].slice(0, REMEMBERED)));
    if (!$("history").hidden) this.#list();
  }

  #opens(button, panel, fill) {
    button.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
      if (!panel.hidden) fill();
    });
  }

  #list() {
    const rows = remembered().map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => this.#apply(text));
      const row = document.createElement("li");
      row.append(button);
      return row;
    });
    if (!rows.length) {
      rows.push(document.createElement("li"));
      rows[0].textContent = "Prompts you send stand here.";
    }
    $("history").replaceChildren(...rows);
  }

  #replace(on) {
    $("save-go").textContent = on ? "Replace it" : "Save";
    $("save-go").dataset.replace = on ? "yes" : "";
  }

  async #save() {
    const body = { title: $("save-title").value, replace: $("save-go").dataset.replace === "yes" };
    const answer = await this.#link.fetch("/api/looks", { method: "POST", body }).catch(() => null);
    $("refusal").hidden = Boolean(answer?.ok);
    if (answer?.ok) {
      $("save-title").value = "";
      $("save-open").click();
      return;
    }
    $("refusal").textContent = answer ? (await answer.json()).error : "The program does not answer.";
    if (answer?.status === 409) {
      $("refusal").textContent = "There is a look of that name. Save once more to replace it, or choose another name.";
      this.#replace(true);
    }
  }
}
