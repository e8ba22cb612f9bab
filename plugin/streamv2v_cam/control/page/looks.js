// The grid of looks, each with the user's own picture in it once it has been on air.

export class Looks {
  #link;
  #place;
  #shown = "";
  #current = null;

  constructor(link, place, choose) {
    this.#link = link;
    this.#place = place;
    this.choose = choose;
  }

  /** Read the list again. */
  async load() {
    const answer = await this.#link.fetch("/api/looks");
    if (!answer.ok) return;
    const looks = await answer.json();
    const signature = JSON.stringify(looks.map(({ name, title, number, prompt }) => [name, title, number, prompt]));
    // A button that is being pressed must not be replaced under the finger.
    if (signature !== this.#shown) {
      this.#shown = signature;
      this.#place.replaceChildren(...looks.map((look) => this.#button(look)));
      this.mark(this.#current);
    }
    for (const look of looks) if (look.thumbnail) this.#draw(look.name);
  }

  /** Say which look is on. */
  mark(name) {
    this.#current = name;
    for (const button of this.#place.children) button.setAttribute("aria-pressed", String(button.dataset.look === name));
  }

  press(number) { this.#place.children[number - 1]?.click(); }

  #button(look) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "look";
    button.dataset.look = look.name;
    button.title = look.prompt;
    const canvas = document.createElement("canvas");
    canvas.width = 192;
    canvas.height = 108;
    canvas.setAttribute("aria-hidden", "true");
    const title = document.createElement("span");
    title.className = "title";
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
    return button;
  }

  async #draw(name) {
    const answer = await this.#link.fetch(`/api/looks/${encodeURIComponent(name)}/thumbnail`);
    if (!answer.ok) return;
    const picture = await createImageBitmap(await answer.blob());
    const canvas = [...this.#place.children].find((button) => button.dataset.look === name)?.querySelector("canvas");
    if (!canvas) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    canvas.dataset.drawn = "yes";
  }
}
