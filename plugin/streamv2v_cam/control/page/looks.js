// The grid of looks: each with a sample in it, and with the person's own picture once there is one.

import { Steady } from "/steady.js";

export class Looks {
  #link;
  #place;
  #grid;
  #current = null;
  #drawn = new Map();
  #wanted = new Map();
  #asked = 0;
  #taken = 0;

  /** `choose` is told the name of a look that was pressed. */
  constructor(link, place, choose) {
    this.#link = link;
    this.#place = place;
    this.#grid = new Steady(place, ({ name }) => name, (look, old) => this.#button(look, old?.item));
    this.choose = choose;
    this.list = [];
    this.changed = () => {};
  }

  /** Read the list again. Fails while the list or one of its pictures is not there. */
  async load() {
    const asked = ++this.#asked;
    const list = await this.#link.read("/api/looks");
    if (asked < this.#taken) return;  // answers may overtake each other
    this.#taken = asked;
    this.list = list;
    this.#grid.show(this.list.map(({ name, title, number, prompt }) => ({ name, title, number, prompt })));
    this.mark(this.#current);
    this.changed(this.list);
    const drawn = await Promise.allSettled(this.list.map((look) => this.#draw(look)));
    if (drawn.some(({ status }) => status === "rejected")) throw new Error("a picture is missing");
  }

  /** Say which look is on. */
  mark(name) {
    this.#current = name;
    for (const button of this.#buttons) button.setAttribute("aria-pressed", String(button.dataset.look === name));
  }

  get current() { return this.#current; }

  /** Say which look is being arranged; null for none. */
  point(name) {
    for (const button of this.#buttons) {
      if (button.dataset.look === name) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  press(number) {
    const look = this.list.find((found) => found.number === number);
    if (look) this.choose(look.name);
  }

  get #buttons() { return [...this.#place.querySelectorAll(".look")]; }

  #find(name) { return this.#buttons.find((button) => button.dataset.look === name); }

  #button(look, old) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "look";
    button.dataset.look = look.name;
    button.dataset.act = look.name;
    button.title = look.prompt;
    const canvas = old?.querySelector("canvas") ?? document.createElement("canvas");
    if (!old) Object.assign(canvas, { width: 192, height: 108 });
    canvas.setAttribute("aria-hidden", "true");
    const title = document.createElement("span");
    title.className = "title";
    title.dir = "auto";
    title.textContent = look.title;
    button.append(canvas, title);
    if (look.number <= 9) {
      const key = document.createElement("kbd");
      key.textContent = look.number;
      key.setAttribute("aria-hidden", "true");
      button.setAttribute("aria-keyshortcuts", String(look.number));
      button.append(key);
    }
    button.addEventListener("click", () => this.choose(look.name));
    return { item: button };
  }

  async #draw({ name, prompt, picture, picture_version: version }) {
    const wanted = `${picture} ${version} ${picture === "sample" ? prompt : ""}`;
    if (this.#wanted.get(name) === wanted) return;  // on its way already
    if (this.#drawn.get(name) === wanted && this.#find(name)?.querySelector("canvas").dataset.drawn) return;
    this.#wanted.set(name, wanted);
    try {
      const answer = await this.#link.fetch(`/api/looks/${encodeURIComponent(name)}/thumbnail`);
      if (answer.status === 404) return;  // it was deleted meanwhile
      if (!answer.ok) throw new Error("no picture");
      const image = await createImageBitmap(await answer.blob());
      const canvas = this.#find(name)?.querySelector("canvas");
      // a newer picture may have been asked for since, and come sooner
      if (!canvas || this.#wanted.get(name) !== wanted) return;
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d").drawImage(image, 0, 0);
      canvas.dataset.drawn = picture;
      this.#drawn.set(name, wanted);
    } finally {
      if (this.#wanted.get(name) === wanted) this.#wanted.delete(name);
    }
  }
}
