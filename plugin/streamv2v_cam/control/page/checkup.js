// What the doctor finds: nothing is looked at until somebody opens it, and what is in order takes one line.

import { commandLine } from "/command.js";
import { element } from "/elements.js";
import { say, wordsOf } from "/refusals.js";
import { healthWords } from "/words.js";

const $ = (id) => document.getElementById(id);
const KINDS = { error: "In the way", warning: "Could be better", note: "Good to know" };

export class Checkup {
  #link;
  #round = 0;

  constructor(link) {
    this.#link = link;
    $("checkup").addEventListener("toggle", () => { if ($("checkup").open) this.#look(); });
    $("health-again").addEventListener("click", () => this.#look());
    $("health-file").addEventListener("click", () => this.#save());
  }

  async #look() {
    const round = ++this.#round;
    $("health-again").disabled = true;
    $("health-words").textContent = "Looking …";
    const answer = await this.#link.fetch("/api/doctor").catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    if (round !== this.#round) return;
    $("health-again").disabled = false;
    say("health-refusal", told ? "" : await wordsOf(answer?.ok ? null : answer));
    if (told) this.#show(told); else $("health-words").textContent = "";
  }

  #show({ worst, counts, findings }) {
    [$("health-short").textContent, $("health-words").textContent] = healthWords(counts);
    $("health-short").dataset.kind = worst;
    const order = Object.keys(KINDS);
    const troubles = findings.filter(({ severity }) => severity in KINDS)
      .sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
    $("health").replaceChildren(...troubles.map((finding) => this.#item(finding)));
    const fine = findings.filter(({ severity }) => severity === "ok");
    $("health-fine").hidden = !fine.length;
    $("health-good").replaceChildren(...fine.map(({ part, finding }) => element("li", "", `${part}: ${finding}`)));
  }

  #item({ severity, part, finding, meaning, remedy, command }) {
    const item = element("li", "card");
    item.dataset.kind = severity;
    const lines = [element("p", "kind", `${KINDS[severity]} · ${part}`), element("p", "finding", finding)];
    for (const words of [meaning, remedy]) if (words) lines.push(element("p", "", words));
    item.append(...lines);
    if (command) item.append(commandLine(command));
    return item;
  }

  async #save() {
    const answer = await this.#link.fetch("/api/doctor/bundle").catch(() => null);
    if (!answer?.ok) return say("health-refusal", await wordsOf(answer));
    say("health-refusal", "");
    const address = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement("a"), { href: address, download: "streamv2v-doctor.zip" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    $("health-words").textContent = "Saved. Passwords, keys, addresses and prompts are not in it; look into it before you send it.";
  }
}
