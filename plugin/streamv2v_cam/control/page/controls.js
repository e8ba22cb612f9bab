// Controls drawn from what the server says of them: kind, range, step, unit, choices, help.

import { CHOSEN, SWITCHES, choiceOf, helpOf, titleOf } from "/names.js";
import { say } from "/refusals.js";
import { fill } from "/steady.js";

function worded(rule, value) {
  if (rule.kind !== "number" && rule.kind !== "integer") return "";
  const places = rule.kind === "integer" ? 0 : Math.max(0, -Math.floor(Math.log10(rule.step)));
  const unit = Number(value) === 1 ? (rule.unit ?? "").replace(/^(\w{2,})s$/, "$1") : rule.unit;
  return Number(value).toFixed(places) + (unit ? ` ${unit}` : "");
}

/** One control as a row; `send` takes {name: value} and resolves to the answer. */
export class Control {
  #sending = false;
  #wanted;
  #held = false;
  #until = 0;
  #shown;
  #offered = null;

  constructor(name, rule, send) {
    this.name = name;
    this.rule = rule;
    this.send = send;
    this.states = SWITCHES[name] ?? (rule.kind === "switch" ? [false, true] : null);
    this.input = this.#input();
    this.input.id = `control-${name}`;
    this.input.title = helpOf(name, rule.help);
    this.output = document.createElement("output");
    this.output.htmlFor = this.input.id;
    const label = document.createElement("label");
    label.htmlFor = this.input.id;
    label.textContent = titleOf(name);
    this.element = document.createElement("div");
    this.element.className = "field";
    this.note = document.createElement("p");
    this.note.id = `note-${name}`;
    this.note.className = "hint";
    this.note.hidden = true;
    this.refusal = document.createElement("p");
    this.refusal.className = "refusal";
    this.refusal.setAttribute("role", "alert");
    this.refusal.hidden = true;
    const beside = this.states ? [] : [this.input.type === "number" ? this.#another() : this.output];
    this.element.append(label, ...beside, this.input, this.note, this.refusal);
  }

  /** The value the server has at a revision; a control in a person's hand, and until its change is told back, is left alone. */
  show(value, revision) {
    this.#shown = value;
    if (this.#held || revision < this.#until || (this.rule.kind === "text" && document.activeElement === this.input)) return;
    if (this.states) this.input.checked = value === this.states[1];
    else if (this.#offered) this.#choose(value);
    else this.input.value = value;
    this.#say(value);
  }

  /** What may be chosen at present, as [value, words]; what is chosen stays, known or not. */
  offer(choices) {
    this.#offered = choices;
    this.#choose((this.#held ? this.#wanted : this.#shown) ?? "");
  }

  #choose(value) {
    const known = this.#offered.some(([choice]) => choice === value);
    fill(this.input, known ? this.#offered : [[value, value || "choose one"], ...this.#offered], value);
  }

  /** Why it does nothing at present, or "" when it acts: a control that does nothing looks it, and says why. */
  rest(why) {
    if (this.note.textContent === why) return;
    this.note.textContent = why;
    this.note.hidden = !why;
    this.input.disabled = Boolean(why);
    this.element.classList.toggle("resting", Boolean(why));
    if (why) this.input.setAttribute("aria-describedby", this.note.id);
    else this.input.removeAttribute("aria-describedby");
  }

  /** A program that was started again counts its revisions from 0. */
  forget() { this.#until = 0; }

  // Nobody thinks of a number among millions: one is drawn.
  #another() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Another";
    button.title = "Draw a number";
    button.addEventListener("click", () => {
      this.input.value = this.rule.low + Math.floor(Math.random() * (this.rule.high - this.rule.low + 1));
      this.#want(Number(this.input.value));
    });
    return button;
  }

  #say(value) {
    this.output.textContent = worded(this.rule, value);
    if (this.input.type === "range") this.input.setAttribute("aria-valuetext", this.output.textContent);
  }

  #input() {
    const { rule } = this;
    if (rule.kind === "choice" && !this.states) {
      const select = document.createElement("select");
      select.append(...rule.choices.map((choice) => new Option(choiceOf(this.name, choice), choice)));
      select.addEventListener("change", () => this.#want(select.value));
      return select;
    }
    if (CHOSEN.includes(this.name)) {
      const select = document.createElement("select");
      select.addEventListener("change", () => this.#want(select.value));
      return select;
    }
    const input = document.createElement("input");
    if (rule.kind === "colour") {
      input.type = "color";
      input.addEventListener("input", () => this.#want(input.value));
    } else if (this.states) {
      input.type = "checkbox";
      input.addEventListener("change", () => this.#want(this.states[Number(input.checked)]));
    } else if (rule.kind === "text") {
      input.type = "text";
      input.maxLength = rule.most;
      input.addEventListener("change", () => this.#want(input.value));
    } else {
      // A range of millions has no use for a slider.
      input.type = rule.high - rule.low > 10000 * rule.step ? "number" : "range";
      Object.assign(input, { min: rule.low, max: rule.high, step: rule.step });
      const happens = input.type === "range" ? "input" : "change";
      input.addEventListener(happens, () => this.#want(Number(input.value)));
    }
    return input;
  }

  // One change at a time is on its way, and always the newest follows: a dragged slider acts at once and never queues.
  async #want(value) {
    this.#wanted = value;
    this.#held = true;
    this.#say(value);
    if (this.#sending) return;
    this.#sending = true;
    let sent, answer;
    do {
      sent = this.#wanted;
      answer = await this.send({ [this.name]: sent });
    } while (sent !== this.#wanted);
    this.#sending = this.#held = false;
    // What is told of the changes before is on its way still.
    this.#until = answer.revision ?? 0;
    say(this.refusal, answer.ok ? "" : answer.error);
    if (!answer.ok) this.show(this.#shown, Infinity);
  }
}
